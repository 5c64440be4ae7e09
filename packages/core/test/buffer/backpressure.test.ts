import { describe, expect, it } from "vitest";
import type { BufferedNamespace } from "../../src/index.js";
import { rejects } from "../refuses.js";
import { Below, diskFull, put, read, remove, settle, stateOf } from "./below.js";

const MAX_BYTES = 10_000;
const half = (key: string) => put(key, "x".repeat(MAX_BYTES / 2));

/** One layer being flushed, another one full: there is no room. */
async function full(below: Below): Promise<BufferedNamespace> {
  const buffered = below.buffered({ maxBytes: MAX_BYTES });
  for (const key of ["a1", "a2", "b1", "b2"]) await buffered.buffer([half(key)]);
  return buffered;
}

describe("a full buffer", () => {
  it("is flushed by itself", async () => {
    const below = await Below.open();
    const buffered = below.buffered({ maxBytes: MAX_BYTES });
    await buffered.buffer([half("a")]);
    await settle();
    expect(below.commits).toHaveLength(0);
    await buffered.buffer([half("b")]);
    await settle();
    expect(below.commits).toHaveLength(1);
    expect(buffered.pending.records).toBe(0);
  });

  it("takes writes while its flush is under way, until they are as much again", async () => {
    const below = await Below.open();
    const release = below.hold();
    const buffered = await full(below);
    const late = buffered.buffer([put("late")]);
    expect(await stateOf(late)).toBe("waiting");
    expect(buffered.pending.records).toBe(4);
    release();
    expect(await late).toEqual([true]);
    await settle();
    expect((await buffered.keys()).items).toEqual(["a1", "a2", "b1", "b2", "late"]);
    expect(below.commits).toHaveLength(2);
    expect(buffered.pending.records).toBe(1);
  });

  it("lets those who wait in as soon as the next flush begins", async () => {
    const below = await Below.open();
    const releaseFirst = below.hold();
    const buffered = await full(below);
    const late = buffered.buffer([put("late")]);
    const releaseSecond = below.hold();
    releaseFirst();
    expect(await stateOf(late)).toBe("done");
    expect(below.commits).toHaveLength(1);
    releaseSecond();
  });

  it("lets those who wait in, in the order of their calls", async () => {
    const below = await Below.open();
    const release = below.hold();
    const buffered = await full(below);
    const calls = [
      buffered.buffer([put("k", "1")]),
      buffered.buffer([remove("k")]),
      buffered.buffer([put("k", "2"), put("l", "2")]),
      buffered.commit([put("k", "3")]),
      buffered.buffer([put("k", "4")]),
    ];
    const flush = buffered.flush();
    release();
    const answers = await Promise.all(calls);
    expect([answers[0], answers[1]]).toEqual([[true], [true]]);
    await flush;
    const values = below.commits.flat().filter(({ key }) => key === "k");
    expect(values.map((one) => one.type === "put" && String.fromCharCode(...one.value))).toEqual([
      "2",
      "3",
      "4",
    ]);
    expect([await read(below.real, "k"), await read(below.real, "l")]).toEqual(["4", "2"]);
  });

  it("refuses all who wait when the flush fails, and keeps nothing of theirs", async () => {
    const below = await Below.open();
    const release = below.hold();
    const buffered = await full(below);
    const calls = [
      buffered.buffer([put("late")]),
      buffered.buffer([remove("a1")]),
      buffered.commit([put("later")]),
      buffered.flush(),
    ];
    below.failure = diskFull();
    release();
    for (const call of calls) await rejects("NADB_IO", call, "no space");
    expect((await buffered.keys()).items).toEqual(["a1", "a2", "b1", "b2"]);
    expect(below.calls.filter((call) => call === "commit")).toHaveLength(1);
  });

  it("tries a flush for each write that there is no room for, until one succeeds", async () => {
    const below = await Below.open();
    below.failure = diskFull();
    const buffered = await full(below);
    await settle();
    for (let i = 0; i < 5; i++) await rejects("NADB_IO", buffered.buffer([put("refused")]));
    expect(buffered.pending.records).toBe(4);
    below.failure = undefined;
    expect(await buffered.buffer([put("taken")])).toEqual([true]);
    await buffered.flush();
    expect((await below.real.keys()).items).toEqual(["a1", "a2", "b1", "b2", "taken"]);
  });

  it("stays within two times its size, whatever commits try between", async () => {
    const below = await Below.open();
    below.failure = diskFull();
    const buffered = below.buffered({ maxBytes: MAX_BYTES });
    let refused = 0;
    for (let i = 0; i < 100; i++) {
      await buffered.buffer([put(`key${i}`, "x".repeat(1_000))]).catch(() => refused++);
      await rejects("NADB_IO", buffered.commit([put("never")]));
      expect(buffered.pending.bytes).toBeLessThan(2 * MAX_BYTES + 2_000);
    }
    expect(refused).toBeGreaterThan(50);
    below.failure = undefined;
    await buffered.flush();
    expect((await below.real.keys()).items).toHaveLength(100 - refused);
    expect(below.commits.length).toBeLessThanOrEqual(2);
  });

  it("lets a hundred thousand in that nobody awaits", async () => {
    const below = await Below.open();
    const buffered = below.buffered({ maxBytes: 256 * 1024 });
    const calls = Array.from({ length: 100_000 }, (_, i) => buffered.buffer([put(`k${i % 500}`)]));
    await Promise.all(calls);
    await buffered.flush();
    expect((await below.real.keys()).items).toHaveLength(500);
  });

  it("stops one who waits with an aborted signal, and keeps nothing of it", async () => {
    const below = await Below.open();
    const release = below.hold();
    const buffered = await full(below);
    const controller = new AbortController();
    const call = buffered.buffer([put("late")], { signal: controller.signal });
    controller.abort(new Error("enough"));
    release();
    await expect(call).rejects.toThrow("enough");
    expect(await read(buffered, "late")).toBeUndefined();
  });
});
