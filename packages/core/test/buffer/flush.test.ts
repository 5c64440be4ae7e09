import { describe, expect, it, vi } from "vitest";
import { rejects } from "../refuses.js";
import { Below, diskFull, put, read, remove, stateOf } from "./below.js";

describe("flush", () => {
  it("resolves once everything buffered before the call is committed, and not earlier", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    const release = below.hold();
    await buffered.buffer([put("a")]);
    const first = buffered.flush();
    await buffered.buffer([put("b")]);
    const second = buffered.flush();
    expect(await stateOf(second)).toBe("waiting");
    release();
    await first;
    expect(await read(below.real, "a")).toBe("a");
    await second;
    expect(await read(below.real, "b")).toBe("b");
  });

  it("is one commit for callers that ask for the same", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a")]);
    const first = buffered.flush();
    await buffered.buffer([put("b")]);
    await Promise.all([first, buffered.flush(), buffered.flush(), buffered.flush()]);
    expect(below.commits.map((commit) => commit.map(({ key }) => key))).toEqual([["a"], ["b"]]);
  });

  it("of nothing commits nothing", async () => {
    const below = await Below.open();
    await below.buffered().flush();
    expect(below.calls).toEqual([]);
  });

  it("tells what it committed", async () => {
    const flushed = vi.fn();
    const buffered = (await Below.open()).buffered({ observer: { flushed } });
    await buffered.buffer([put("a"), put("b"), put("a", "2")]);
    const { bytes } = buffered.pending;
    await buffered.flush();
    expect(flushed.mock.calls).toEqual([[{ records: 2, bytes }]]);
    expect(bytes).toBeGreaterThan(2);
  });

  it("counts an overwritten record once in what is pending", async () => {
    const buffered = (await Below.open()).buffered();
    await buffered.buffer([put("a", "x".repeat(1_000))]);
    await buffered.buffer([put("a", "1")]);
    const { bytes } = buffered.pending;
    expect(bytes).toBeLessThan(1_000);
    await buffered.buffer([put("b", "1")]);
    expect(buffered.pending).toEqual({ records: 2, bytes: 2 * bytes });
  });
});

describe("a flush that fails", () => {
  it("rejects its callers and keeps everything, to be read and flushed later", async () => {
    const below = await Below.open();
    const flushFailed = vi.fn();
    const buffered = below.buffered({ observer: { flushFailed } });
    await buffered.buffer([put("a"), remove("b")]);
    const { pending } = buffered;
    below.failure = diskFull();
    await Promise.all([rejects("NADB_IO", buffered.flush()), rejects("NADB_IO", buffered.flush())]);
    expect(buffered.pending).toEqual(pending);
    expect(flushFailed.mock.calls).toEqual([[below.failure, pending]]);
    expect(await read(buffered, "a")).toBe("a");
    below.failure = undefined;
    await buffered.flush();
    expect(await read(below.real, "a")).toBe("a");
    expect(buffered.pending.records).toBe(0);
  });

  it("for ever loses nothing, however often it is tried", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    below.failure = diskFull();
    for (let round = 0; round < 20; round++) {
      await buffered.buffer([put(`key${round}`), put("same", `${round}`)]);
      await rejects("NADB_IO", buffered.flush());
    }
    expect((await buffered.keys()).items).toHaveLength(21);
    below.failure = undefined;
    await buffered.flush();
    expect((await below.real.keys()).items).toHaveLength(21);
    expect(await read(below.real, "same")).toBe("19");
  });

  it("is retried as it was, before what was written since", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a", "1"), put("b", "1")]);
    below.failure = diskFull();
    await rejects("NADB_IO", buffered.flush());
    await buffered.buffer([put("a", "2")]);
    below.failure = undefined;
    await buffered.flush();
    expect(below.commits.map((commit) => commit.length)).toEqual([2, 1]);
    expect(await read(below.real, "a")).toBe("2");
  });

  it("refuses those who wait for newer writes, too, and theirs stay", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    const release = below.hold();
    below.failure = diskFull();
    await buffered.buffer([put("a")]);
    const first = buffered.flush();
    await buffered.buffer([put("b")]);
    const second = buffered.flush();
    const commit = buffered.commit([put("never")]);
    await buffered.buffer([put("c")]);
    const third = buffered.commit([put("nor this")]);
    release();
    for (const call of [first, second, commit, third]) await rejects("NADB_IO", call);
    expect((await buffered.keys()).items).toEqual(["a", "b", "c"]);
    below.failure = undefined;
    await buffered.flush();
    expect((await below.real.keys()).items).toEqual(["a", "b", "c"]);
  });

  it("in the background harms nobody who did not ask for it", async () => {
    const below = await Below.open();
    const flushFailed = vi.fn();
    const buffered = below.buffered({ maxBytes: 2_000, observer: { flushFailed } });
    below.failure = diskFull();
    await buffered.buffer([put("a", "x".repeat(1_000))]);
    await buffered.buffer([put("b", "x".repeat(1_000))]);
    expect(await stateOf(buffered.buffer([put("c")]))).toBe("done");
    expect(flushFailed).toHaveBeenCalledTimes(1);
  });
});
