// When a sync beats, and when it keeps the process alive.
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { KeyValueSync, type StorageBackend } from "../src/index.js";
import { Below, diskFull, MIB, put, settle } from "./buffer/below.js";

const SECONDS = 5;

async function open() {
  const below = await Below.open();
  const capabilities = { ...below.backend.capabilities, buffering: true };
  const backend = { ...below.backend, name: "disk", capabilities } as StorageBackend;
  const sync = new KeyValueSync({ clock: below.clock.now });
  const attach = () => sync.attach({ backend, namespace: below.namespace(), maxBytes: MIB });
  const attachment = attach();
  if (attachment.buffer === undefined) throw new TypeError("not buffered");
  return { below, sync, attach, buffer: attachment.buffer, release: attachment.release };
}

describe("rounds", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("come by themselves, one interval after the other", async () => {
    const { below, sync, buffer } = await open();
    expect(sync.flushIntervalSeconds).toBe(SECONDS);
    await buffer.buffer([put("a")]);
    await vi.advanceTimersByTimeAsync(SECONDS * 1_000 - 1);
    expect(below.calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(below.calls).toEqual(["commit", "sweep"]);
    await vi.advanceTimersByTimeAsync(3 * SECONDS * 1_000);
    expect(below.calls).toEqual(["commit", "sweep", "sweep", "sweep", "sweep"]);
    expect(vi.getTimerCount()).toBe(1);
  });

  it("begin an interval after the last has ended, never side by side", async () => {
    const { below, sync, buffer } = await open();
    const letGo = below.hold();
    await buffer.buffer([put("a")]);
    await vi.advanceTimersByTimeAsync(3 * SECONDS * 1_000);
    expect(below.calls).toEqual(["commit"]);
    sync.start();
    expect(vi.getTimerCount()).toBe(0);
    letGo();
    await settle();
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(SECONDS * 1_000);
    expect(below.calls).toEqual(["commit", "sweep", "sweep"]);
  });

  it("go on after one that failed, and try again", async () => {
    const { below, sync, buffer } = await open();
    await buffer.buffer([put("a")]);
    below.failure = diskFull();
    await vi.advanceTimersByTimeAsync(3 * SECONDS * 1_000);
    expect(sync.status().stores).toMatchObject([{ failedFlushes: 3, records: 1 }]);
    below.failure = undefined;
    await vi.advanceTimersByTimeAsync(SECONDS * 1_000);
    expect(sync.status().stores).toMatchObject([{ flushes: 1, records: 0 }]);
  });

  it("end with stop, and begin with start", async () => {
    const { sync } = await open();
    await sync.stop();
    expect(vi.getTimerCount()).toBe(0);
    sync.start();
    sync.start();
    expect(vi.getTimerCount()).toBe(1);
  });

  it("end with the last store, and begin with the next", async () => {
    const { sync, attach, release } = await open();
    const second = attach();
    await release();
    expect(vi.getTimerCount()).toBe(1);
    await second.release();
    expect(vi.getTimerCount()).toBe(0);
    expect(sync.running).toBe(true);
    attach();
    expect(vi.getTimerCount()).toBe(1);
  });

  it("stopped in the middle of one do not begin anew", async () => {
    const { below, sync, buffer } = await open();
    const letGo = below.hold();
    await buffer.buffer([put("a")]);
    await vi.advanceTimersByTimeAsync(SECONDS * 1_000);
    const stopped = sync.stop();
    letGo();
    await stopped;
    await settle();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the process", () => {
  let timeouts: MockInstance<typeof setTimeout>;
  const syncs: KeyValueSync[] = [];
  beforeEach(() => {
    timeouts = vi.spyOn(globalThis, "setTimeout");
  });
  afterEach(async () => {
    timeouts.mockRestore();
    for (const sync of syncs.splice(0)) if (sync.running) await sync.stop();
  });

  const opened = async () => {
    const all = await open();
    syncs.push(all.sync);
    return all;
  };
  const isHeld = (): boolean | undefined => timeouts.mock.results.at(-1)?.value.hasRef();

  it("is held only while something is buffered", async () => {
    const { sync, buffer } = await opened();
    expect(isHeld()).toBe(false);
    await buffer.buffer([put("a")]);
    expect(isHeld()).toBe(true);
    await sync.tick();
    expect(isHeld()).toBe(false);
  });

  it("is held on while flushes fail, and by a timer that comes later", async () => {
    const { below, sync, attach, buffer, release } = await opened();
    await release();
    const again = attach();
    await again.buffer?.buffer([put("a")]);
    expect(isHeld()).toBe(true);
    below.failure = diskFull();
    await sync.tick();
    expect(isHeld()).toBe(true);
    below.failure = undefined;
    await sync.stop();
    expect(buffer.pending.records).toBe(0);
  });

  it("may have timers that are numbers, as in browsers", async () => {
    timeouts.mockImplementation((() => 7) as never);
    const { sync, buffer } = await opened();
    await buffer.buffer([put("a")]);
    await sync.tick();
    expect(sync.status().stores).toMatchObject([{ flushes: 1 }]);
  });
});
