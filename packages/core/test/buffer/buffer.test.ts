import { describe, expect, it, vi } from "vitest";
import type { Mutation } from "../../src/index.js";
import { rejects } from "../refuses.js";
import { Below, bytes, diskFull, put, read, remove, turns } from "./below.js";

describe("buffer", () => {
  it("keeps writes in memory until they are flushed, then commits them all at once", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("b"), put("a")]);
    await buffered.buffer([put("c", "1")]);
    await buffered.buffer([put("b", "2")]);
    expect(below.commits).toEqual([]);
    expect(buffered.pending.records).toBe(3);
    await buffered.flush();
    expect(below.commits.map((commit) => commit.map(({ key }) => key))).toEqual([["b", "a", "c"]]);
    expect(buffered.pending).toEqual({ records: 0, bytes: 0 });
    expect(await read(below.real, "b")).toBe("2");
  });

  it("has a mutation in place when the call returns, before anything is awaited", async () => {
    const buffered = (await Below.open()).buffered();
    const promises = [buffered.buffer([put("a", "1")]), buffered.buffer([put("a", "2")])];
    expect(buffered.pending.records).toBe(1);
    const seen = read(buffered, "a");
    void buffered.buffer([remove("b")]);
    expect(buffered.pending.records).toBe(2);
    expect(await seen).toBe("2");
    await Promise.all(promises);
  });

  it("stays as it is whatever the caller does to its objects", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    const value = bytes("as written");
    const tags = ["t"];
    const seal = { length: 3, contentHash: new Uint8Array(32).fill(1) };
    const mutations: Mutation[] = [{ type: "put", key: "a", value, tags, seal }];
    const done = buffered.buffer(mutations);
    value.fill(0);
    tags.push("u");
    seal.contentHash.fill(0);
    mutations.pop();
    await done;
    const [record] = await buffered.getMany(["a"]);
    expect(record).toMatchObject({ value: bytes("as written"), tags: ["t"] });
    expect(record?.seal).toEqual({ length: 3, contentHash: new Uint8Array(32).fill(1) });
  });

  it("stays as it is whatever a reader does to what it read", async () => {
    const buffered = (await Below.open()).buffered();
    await buffered.buffer([put("a", "1", { tags: ["t"] })]);
    const [record] = await buffered.getMany(["a"]);
    record?.value.fill(0);
    (record?.tags as string[] | undefined)?.push("u");
    expect((await buffered.getMany(["a"]))[0]).toMatchObject({ value: bytes("1"), tags: ["t"] });
  });

  it("answers for each mutation whether it changed something", async () => {
    const below = await Below.open();
    await below.real.commit([
      put("stored"),
      put("dying", "1", { expiresAt: below.clock.now() + 5 }),
    ]);
    const buffered = below.buffered();
    expect(await buffered.buffer([put("new")])).toEqual([true]);
    expect(
      await buffered.buffer([remove("stored"), remove("no"), put("a"), remove("new")]),
    ).toEqual([true, false, true, true]);
    expect(await buffered.buffer([remove("stored"), remove("new"), remove("a")])).toEqual([
      false,
      false,
      true,
    ]);
    await buffered.buffer([put("brief", "1", { expiresAt: below.clock.now() + 5 })]);
    below.clock.advance(5);
    expect(await buffered.buffer([remove("dying"), remove("brief")])).toEqual([false, false]);
    expect(await buffered.buffer([])).toEqual([]);
  });

  it("answers two deletes of one key in one call with one change", async () => {
    const below = await Below.open();
    await below.real.commit([put("a")]);
    expect(await below.buffered().buffer([remove("a"), remove("a")])).toEqual([true, false]);
  });

  it("answers a delete by what stood before it, also when a flush overtakes the look-up", async () => {
    const below = await Below.open();
    await below.real.commit([put("a")]);
    const buffered = below.buffered();
    below.delay = () => 5;
    const [answer] = await Promise.all([buffered.buffer([remove("a")]), buffered.flush()]);
    expect(answer).toEqual([true]);
    expect(await read(below.real, "a")).toBeUndefined();
  });

  it("answers a delete by a commit begun before it", async () => {
    const below = await Below.open();
    const release = below.hold();
    const buffered = below.buffered();
    const commit = buffered.commit([put("a")]);
    const deleted = buffered.buffer([remove("a")]);
    release();
    await commit;
    expect(await deleted).toEqual([true]);
  });

  it("refuses a delete whose look-up fails, and takes nothing of its call in", async () => {
    const below = await Below.open();
    await below.real.commit([put("a"), put("b")]);
    const buffered = below.buffered();
    await buffered.buffer([put("b", "2")]);
    below.readFailure = diskFull();
    const call = buffered.buffer([put("b", "3"), remove("a"), put("c"), put("c", "2")]);
    await rejects("NADB_IO", call, "no space");
    below.readFailure = undefined;
    expect(buffered.pending.records).toBe(1);
    await buffered.flush();
    expect(await Promise.all(["a", "b", "c"].map((key) => read(below.real, key)))).toEqual([
      "a",
      "2",
      undefined,
    ]);
  });

  it("refuses a delete whose look-up fails, and leaves alone what was written since", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    below.readFailure = diskFull();
    const deleted = buffered.buffer([remove("a"), put("b", "1")]);
    void buffered.buffer([put("a", "2")]);
    await rejects("NADB_IO", deleted);
    expect((await below.buffered().keys()).items).toEqual([]);
    expect((await buffered.keys()).items).toEqual(["a"]);
    expect(buffered.pending.records).toBe(1);
  });

  it("goes on after a failed look-up that left nothing to flush", async () => {
    const below = await Below.open();
    const flushed = vi.fn();
    const buffered = below.buffered({ observer: { flushed } });
    below.readFailure = diskFull();
    const [deleted, flush] = [buffered.buffer([remove("a")]), buffered.flush()];
    await rejects("NADB_IO", deleted);
    await flush;
    await buffered.flush();
    expect(below.commits).toEqual([]);
    expect(flushed).not.toHaveBeenCalled();
  });

  it("goes on after a failed look-up that left nothing behind a flush under way", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("b")]);
    const release = below.hold();
    const first = buffered.flush();
    below.readFailure = diskFull();
    const [deleted, second] = [buffered.buffer([remove("a")]), buffered.flush()];
    await rejects("NADB_IO", deleted);
    release();
    await Promise.all([first, second]);
    expect(below.commits).toHaveLength(1);
  });

  it("answers a delete that comes while a flush waits for a commit", async () => {
    const below = await Below.open();
    await below.real.commit([put("a")]);
    const buffered = below.buffered();
    const release = below.hold();
    const commit = buffered.commit([put("b")]);
    await buffered.buffer([put("c")]);
    const flush = buffered.flush();
    below.delay = (call) => (call === "getMany" ? 30 : 0);
    const deleted = buffered.buffer([remove("a")]);
    release();
    await Promise.all([commit, flush, buffered.flush()]);
    expect(await deleted).toEqual([true]);
  });

  it("answers a delete that comes while a flush waits for the look-up of another", async () => {
    const below = await Below.open();
    await below.real.commit([put("a"), put("b")]);
    const buffered = below.buffered();
    const delays = [100, 0, 600, 0];
    below.delay = (call) => (call === "getMany" && delays.shift()) || 0;
    const first = buffered.buffer([remove("a")]);
    const flush = buffered.flush();
    await turns(20);
    const second = buffered.buffer([remove("b")]);
    await flush;
    await buffered.flush();
    expect(await Promise.all([first, second])).toEqual([[true], [true]]);
  });

  it("answers a delete by what is buffered where the commit between them fails", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a")]);
    below.failure = diskFull();
    const [commit, deleted] = [buffered.commit([put("b")]), buffered.buffer([remove("a")])];
    await rejects("NADB_IO", commit);
    expect(await deleted).toEqual([true]);
    expect(await read(buffered, "a")).toBeUndefined();
  });

  it("answers a delete whose layer is retried with one that failed", async () => {
    const below = await Below.open();
    await below.real.commit([put("a")]);
    const buffered = below.buffered();
    await buffered.buffer([put("b")]);
    below.failure = diskFull();
    const failing = buffered.flush();
    below.delay = (call) => (call === "getMany" ? 60 : 0);
    const deleted = buffered.buffer([remove("a")]);
    const commit = buffered.commit([put("c")]); // freezes the delete's layer
    await rejects("NADB_IO", failing);
    await rejects("NADB_IO", commit);
    below.failure = undefined;
    await buffered.flush();
    expect(await deleted).toEqual([true]);
  });

  it("commits what is more than the buffer holds, behind what is buffered", async () => {
    const below = await Below.open();
    await below.real.commit([put("old")]);
    const buffered = below.buffered({ maxBytes: 2_000 });
    await buffered.buffer([put("first")]);
    const twice = put("large", "x".repeat(2_000));
    const large = [twice, remove("old"), remove("no"), twice];
    expect(await buffered.buffer(large)).toEqual([true, true, false, true]);
    expect(below.commits).toHaveLength(2);
    expect(buffered.pending.records).toBe(0);
  });

  it("commits while it writes through, and what it held before goes first", async () => {
    const below = await Below.open();
    let through = false;
    const buffered = below.buffered({ writesThrough: () => through });
    await buffered.buffer([put("a", "1")]);
    through = true;
    expect(await buffered.buffer([put("a", "2"), remove("no")])).toEqual([true, false]);
    expect(below.commits).toHaveLength(2);
    expect(await read(below.real, "a")).toBe("2");
  });

  it("stops on an aborted signal before anything is buffered", async () => {
    const buffered = (await Below.open()).buffered();
    const reason = new Error("enough");
    const call = buffered.buffer([put("a")], { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
    expect(buffered.pending.records).toBe(0);
  });

  it("tells when something is buffered where nothing was", async () => {
    const filled = vi.fn();
    const buffered = (await Below.open()).buffered({ observer: { filled } });
    await buffered.buffer([]);
    expect(filled).toHaveBeenCalledTimes(0);
    await buffered.buffer([put("a")]);
    await buffered.buffer([remove("b")]);
    expect(filled).toHaveBeenCalledTimes(1);
    await buffered.flush();
    await buffered.buffer([remove("b")]);
    expect(filled).toHaveBeenCalledTimes(2);
  });
});

describe("bad input to buffer", () => {
  const limits = { maxKeyBytes: 20, maxTagBytes: 10, maxValueBytes: 30 };
  it.each<[string, unknown]>([
    ["an empty key", put("")],
    ["a key with a lone surrogate", put("\ud800")],
    ["a delete of an empty key", remove("")],
    ["a key longer than this backend takes", put("é".repeat(11))],
    ["a delete of such a key", remove("k".repeat(21))],
    ["a tag longer than this backend takes", put("a", "1", { tags: ["é".repeat(6)] })],
    ["an empty tag", put("a", "1", { tags: [""] })],
    ["a value longer than this backend takes", put("a", "x".repeat(31))],
    ["a value that is text", { type: "put", key: "a", value: "1" }],
    ["an expiry of half a millisecond", put("a", "1", { expiresAt: 1.5 })],
    ["a mutation of unknown type", { type: "increment", key: "a" }],
  ])("%s is refused at the call, with all that came with it", async (_name, bad) => {
    const buffered = (await Below.open()).buffered(limits);
    const call = buffered.buffer([put("first"), bad as Mutation, put("last")]);
    await rejects("NADB_INVALID_ARGUMENT", call);
    expect(buffered.pending.records).toBe(0);
  });

  it("of the longest key, tag and value is none", async () => {
    const buffered = (await Below.open()).buffered(limits);
    const longest = put("é".repeat(10), "x".repeat(30), { tags: ["é".repeat(5)] });
    expect(await buffered.buffer([longest])).toEqual([true]);
    await buffered.flush();
  });

  it.each([0, -1, Number.NaN])("maxBytes of %s make no buffer", async (maxBytes) => {
    const below = await Below.open();
    const made = () => below.buffered({ maxBytes });
    expect(made).toThrow(expect.objectContaining({ code: "NADB_INVALID_ARGUMENT" }));
  });
});
