// Somebody deletes behind our back. All of it: the namespace is gone, checkpoints of it are refused, and whoever still knows
// it begins anew. Some of it: nobody is told that it is empty, and dropping it makes way for a restore.
import type { StorageBackend, StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { scripts } from "../../src/scripts.js";
import { type Server, sharedCluster } from "../servers/index.js";
import { is } from "./killed.js";
import {
  backend,
  failureOf,
  ID,
  isSound,
  keys,
  load,
  namespace,
  proxyTo,
  put,
  read,
  server,
} from "./support.js";

async function drain(run: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of run);
}

interface Place {
  readonly behind: Server;
  readonly one: StorageNamespace;
  readonly other: StorageNamespace;
  readonly store: StorageBackend;
}

/** Two processes that know a namespace with a record. */
async function place(partitions = 1): Promise<Place> {
  const behind = await server();
  const store = await backend({ url: behind.url, partitions });
  const one = await store.namespace(ID);
  const other = await namespace({ url: behind.url, partitions });
  for (const key of keys(10)) await one.commit([put(key, "1", ["tag"])]);
  expect(await read(other, "k00001")).toEqual(["1"]);
  return { behind, one, other, store };
}

describe.each([1, 3])("FLUSHALL, in %d partitions", (partitions) => {
  it("between two incrementals: the checkpoint is refused, and all go on in a new generation", async () => {
    const { behind, one, other } = await place(partitions);
    const { checkpoint, generation } = await one.head();
    await behind.call("FLUSHALL");
    await failureOf(drain(one.changes(checkpoint)), "NADB_CHECKPOINT_EXPIRED");
    expect(await read(other, "k00001")).toEqual([undefined]);
    await Promise.all(keys(20, "n").map((key, i) => [one, other][i % 2]?.commit([put(key, "2")])));
    for (const by of [one, other]) {
      await failureOf(drain(by.changes(checkpoint)), "NADB_CHECKPOINT_EXPIRED");
      expect(await read(by, "k00001", "n00003", "n00004")).toEqual([undefined, "2", "2"]);
      expect((await by.head()).generation).not.toBe(generation);
      await isSound(by);
    }
  });

  it("during a run: the run says so", async () => {
    const { behind, one } = await place(partitions);
    const run = one.changes(null, { pageBytes: 1 });
    await run[Symbol.asyncIterator]().next();
    await behind.call("FLUSHALL");
    await failureOf(drain(run), "NADB_CHECKPOINT_EXPIRED");
  });

  it.each(["stage", "hold", "decide", "finish", "merge", "end"] as const)(
    "during a commit in steps, behind its script %s: all of it, or nothing",
    async (name) => {
      const { behind, one } = await place(partitions);
      const proxy = await proxyTo(behind);
      const two = await namespace({
        url: behind.urlAt(proxy.port),
        partitions,
        scriptMutations: 100,
      });
      const puts = keys(300, "{k}").map((key) => put(key, "2"));
      await two.commit(puts); // the server knows all scripts from now on
      const cut = proxy.cutAt("after", is(scripts[name]));
      const commit = two.commit(puts);
      commit.catch(() => undefined);
      await cut;
      proxy.refuse();
      await behind.call("FLUSHALL");
      proxy.accept();
      const hasHappened = await commit.then(
        () => true,
        () => failureOf(commit, "NADB_COMMIT_UNKNOWN", "NADB_CONFLICT").then(() => false),
      );
      const found = new Set(await read(one, ...keys(300, "{k}")));
      expect(found).toEqual(new Set([hasHappened ? "2" : undefined]));
      await one.commit([put("n", "2")]);
      await isSound(one);
    },
  );

  it.each(["replace", "merge"] as const)("during a %s load: a conflict", async (mode) => {
    const { behind, one } = await place(partitions);
    const [first, second] = [await one[mode](), await one[mode]()];
    await load(first, keys(10), "2");
    await load(second, keys(10), "2");
    await behind.call("FLUSHALL");
    await failureOf(load(first, keys(10, "n"), "2"), "NADB_CONFLICT");
    await failureOf(second.commit(), "NADB_CONFLICT");
    expect((await one.head()).generation).toBe("");
    await one.commit([put("n", "2")]);
    await failureOf(second.commit(), "NADB_CONFLICT");
    await first.abort();
    await second.abort();
    expect(await read(one, "k00001", "n")).toEqual([undefined, "2"]);
    await isSound(one);
  });
});

describe("a part that is deleted", () => {
  const PARTS: [string, number, string][] = [
    ["its root", 1, "nadb:{shop/orders}"],
    ["its head", 1, "nadb:{shop/orders}:head"],
    ["the root of several partitions", 3, "nadb:{shop/orders}"],
    ["the head of the first of them", 3, "nadb:{shop/orders/0}:head"],
    ["the head of the last of them", 3, "nadb:{shop/orders/2}:head"],
  ];

  it.each(PARTS)(
    "%s: nobody takes it for empty; dropped, it can be made anew",
    async (_, n, key) => {
      const { behind, one, other, store } = await place(n);
      const { checkpoint } = await one.head();
      expect(await behind.call("DEL", key)).toBe(1);
      const fresh = await namespace({ url: behind.url });
      for (const by of [fresh, other, one]) {
        if (key.endsWith("}") && by !== fresh) continue; // they know the root
        await failureOf(by.head(), "NADB_CORRUPTION");
        await failureOf(Promise.all(keys(10).map((k) => read(by, k))), "NADB_CORRUPTION");
        await failureOf(drain(by.changes(null)), "NADB_CORRUPTION");
        await failureOf(drain(by.changes(checkpoint)), "NADB_CORRUPTION");
        await failureOf(by.keys(), "NADB_CORRUPTION");
        const commits = keys(10).map((k) => by.commit([put(k, "2")]));
        await Promise.allSettled(commits);
        await failureOf(Promise.all(commits), "NADB_CORRUPTION");
        await failureOf(loadOf(by), "NADB_CORRUPTION");
      }
      expect((await store.namespaces()[Symbol.asyncIterator]().next()).value).toEqual(ID);
      await store.drop(ID);
      expect((await fresh.head()).generation).toBe("");
      for (const [i, by] of [one, other, fresh].entries()) await by.commit([put(`n${i}`, "2")]);
      await failureOf(drain(fresh.changes(checkpoint)), "NADB_CHECKPOINT_EXPIRED");
      expect(await read(fresh, "k00001", "n0", "n1", "n2")).toEqual([undefined, "2", "2", "2"]);
      await isSound(fresh);
    },
  );

  async function loadOf(by: StorageNamespace): Promise<void> {
    const into = await by.replace();
    await load(into, keys(10), "2");
    await into.commit();
  }

  it("a record: a run, which needs it, says so", async () => {
    const { behind, one } = await place();
    const { generation } = await one.head();
    await behind.call("DEL", `nadb:{shop/orders}:${generation}:r:k00003`);
    await failureOf(drain(one.changes(null)), "NADB_CORRUPTION");
  });
});

describe("FLUSHALL of one server of a cluster", () => {
  const cluster = sharedCluster({ masters: 3, replicas: 0 });

  it("is not taken for an empty part of a namespace", async () => {
    const one = await namespace({ url: cluster().url, partitions: 6 });
    for (const key of keys(60)) await one.commit([put(key, "1")]);
    const { checkpoint } = await one.head();
    await cluster().nodes[1]?.call("FLUSHALL");
    const fresh = await namespace({ url: cluster().url, partitions: 6 });
    for (const by of [one, fresh]) {
      await failureOf(by.head(), "NADB_CORRUPTION");
      await failureOf(drain(by.changes(checkpoint)), "NADB_CORRUPTION");
      await failureOf(
        Promise.all(keys(60).map((k) => by.commit([put(k, "2")]))),
        "NADB_CORRUPTION",
      );
    }
  });
});

describe("two that drop and make a namespace at a time", () => {
  it("leave it whole or gone, and known to the registry", async () => {
    const { one, other, store } = await place(3);
    for (let round = 0; round < 30; round++) {
      const work = [
        store.drop(ID),
        other.commit([put("a", round)]),
        one.commit([put("b", round)]),
        store.drop(ID),
        other.commit([put("c", round)]),
      ];
      await Promise.all(work);
      await one.commit([put("d", round)]);
      const listed = await store.namespaces()[Symbol.asyncIterator]().next();
      expect(listed.value).toEqual(ID);
      expect(await read(other, "d")).toEqual([String(round)]);
      await isSound(other);
    }
  });
});

describe("a load that is not what it was to be", () => {
  it.each(["replace", "merge"] as const)("is refused, and says what to do: %s", async (mode) => {
    const { one } = await place();
    const into = await one[mode]();
    await load(into, keys(3, "n"), "2");
    await failureOf(into.commit({ expectDigest: "0".repeat(64) }), "NADB_CORRUPTION");
    await into.abort();
    expect(await read(one, "k00001", "n00001")).toEqual(["1", undefined]);
  });
});
