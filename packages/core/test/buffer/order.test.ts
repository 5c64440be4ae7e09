// Writes take effect in the order of the calls, whichever verb they use, awaited or not.
import { describe, expect, it } from "vitest";
import { type Change, decodeChange, encodeRecord, type StorageNamespace } from "../../src/index.js";
import { rejects } from "../refuses.js";
import { Below, diskFull, put, read, remove, settle, stateOf } from "./below.js";

async function run(namespace: StorageNamespace, since: string | null = null): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const page of namespace.changes(since))
    changes.push(...page.changes.map(decodeChange));
  return changes;
}

const valuesOf = (below: Below, key: string): string[] =>
  below.commits
    .flat()
    .flatMap((one) =>
      one.type === "put" && one.key === key ? [String.fromCharCode(...one.value)] : [],
    );

describe("a commit", () => {
  it("flushes what was buffered before it, then commits", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a", "1"), put("b")]);
    const { versions, checkpoint } = await buffered.commit([put("a", "2")]);
    expect(below.commits.map((commit) => commit.length)).toEqual([2, 1]);
    expect(await buffered.getMany(["a"])).toMatchObject([{ version: versions[0] }]);
    expect((await below.real.head()).checkpoint).toBe(checkpoint);
  });

  it("goes between what is buffered before and after it, though nothing is awaited", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    below.delay = () => 3;
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 6; i += 2) {
      calls.push(buffered.buffer([put("k", `${i}`)]), buffered.commit([put("k", `${i + 1}`)]));
      calls.push(buffered.flush());
    }
    calls.push(
      buffered.commit([put("k", "6")]),
      buffered.buffer([put("k", "7")]),
      buffered.flush(),
    );
    await Promise.all(calls);
    expect(valuesOf(below, "k")).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  });

  it("is not overtaken by a flush of what came later", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    const release = below.hold();
    const commit = buffered.commit([put("a", "1")]);
    await buffered.buffer([put("a", "2")]);
    const flush = buffered.flush();
    expect(await stateOf(flush)).toBe("waiting");
    expect(below.calls).toEqual(["commit"]);
    expect(await read(buffered, "a")).toBe("2");
    release();
    await Promise.all([commit, flush]);
    expect(valuesOf(below, "a")).toEqual(["1", "2"]);
  });

  it("that is refused does not keep what came later from being flushed", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    const expectation = { expect: [{ key: "a", version: 7 }] };
    const commit = buffered.commit([put("a", "1")], expectation);
    await buffered.buffer([put("a", "2")]);
    const flush = buffered.flush();
    await rejects("NADB_CONFLICT", commit);
    await flush;
    expect(valuesOf(below, "a")).toEqual(["2"]);
  });

  it("whose flush fails is refused with that error, and writes nothing", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a")]);
    below.failure = diskFull();
    await rejects("NADB_IO", buffered.commit([put("b")]), "no space");
    below.failure = undefined;
    expect(await read(buffered, "b")).toBeUndefined();
    expect(await read(buffered, "a")).toBe("a");
  });

  it("that is bad input is refused before anything is flushed", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a")]);
    await rejects("NADB_INVALID_ARGUMENT", buffered.commit([put("")]));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(buffered.commit([put("b")], { signal })).rejects.toThrow("enough");
    expect(below.calls).toEqual([]);
  });

  it("that waits stays as it was given", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a", "1")]);
    const mutation = put("a", "2");
    const expectation = { key: "b", version: null as number | null };
    const expect_ = [expectation];
    const commit = buffered.commit([mutation], { expect: expect_, id: "once" });
    mutation.value.fill(0);
    expectation.version = 7;
    expect_.push({ key: "a", version: null });
    const first = await commit;
    expect(await read(below.real, "a")).toBe("2");
    await buffered.buffer([put("a", "3")]);
    expect(await buffered.commit([put("a", "4")], { id: "once" })).toEqual(first);
    expect(await read(buffered, "a")).toBe("3");
  });
});

describe("what reads the feed or the whole", () => {
  it("flushes first: head, changes and trim", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a")]);
    expect((await buffered.head()).count).toBe(1);
    await buffered.buffer([put("b"), remove("a")]);
    const changes = await run(buffered);
    expect(changes.map((change) => change.type)).toEqual(["record"]);
    const { checkpoint } = await buffered.head();
    await buffered.buffer([put("c")]);
    await buffered.trim(checkpoint);
    expect(await run(below.real, checkpoint)).toHaveLength(1);
  });

  it("is refused when the flush fails", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    const { checkpoint } = await buffered.head();
    await buffered.buffer([put("a")]);
    below.failure = diskFull();
    const calls = [
      () => buffered.head(),
      () => run(buffered),
      () => buffered.trim(checkpoint),
      () => buffered.replace(),
      () => buffered.merge(),
    ];
    for (const call of calls) await rejects("NADB_IO", call(), "no space");
  });

  it("leaves the buffer alone when its signal is aborted, and so does a sweep", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a")]);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(buffered.head({ signal })).rejects.toThrow("enough");
    await expect(buffered.changes(null, { signal }).next()).rejects.toThrow("enough");
    expect(await buffered.sweep(below.clock.now(), 10)).toBe(0);
    expect(below.commits).toEqual([]);
  });
});

describe.each(["replace", "merge"] as const)("a %s", (kind) => {
  const record = (key: string, text: string) => {
    const { value } = put(key, text);
    return encodeRecord({ key, value, tags: [], createdAt: 1, updatedAt: 1, version: 1 });
  };

  it("goes between what is buffered before and after its commit", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("before the load", "b"), put("loaded", "b")]);
    const load = await buffered[kind]();
    expect(buffered.pending.records).toBe(0);
    await load.put([record("loaded", "l"), record("after", "l")]);
    await buffered.buffer([put("before its commit", "b"), put("loaded", "b2")]);
    const commit = load.commit();
    await buffered.buffer([put("after", "b")]);
    await Promise.all([commit, buffered.flush()]);
    const old = kind === "merge" ? ["before its commit", "before the load"] : [];
    expect((await buffered.keys()).items).toEqual(["after", ...old, "loaded"]);
    expect([await read(buffered, "loaded"), await read(buffered, "after")]).toEqual(["l", "b"]);
  });

  it("that is aborted, or whose signal is, leaves what is buffered as it is", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    const load = await buffered[kind]();
    await load.put([record("a", "l")]);
    await buffered.buffer([put("a", "b")]);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(load.commit({ signal })).rejects.toThrow("enough");
    await load.abort();
    await settle();
    expect(below.commits).toEqual([]);
    expect(await read(buffered, "a")).toBe("b");
  });
});
