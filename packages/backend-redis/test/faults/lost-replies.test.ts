// The reply to each script of a commit in steps, and of a load, is lost once: what was done is done once, and what is answered is
// what it would have been. Meanwhile others collect the garbage.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { scripts } from "../../src/scripts.js";
import { type RedisProxy, sharedServer } from "../servers/index.js";
import { is } from "./killed.js";
import {
  change,
  failureOf,
  isSound,
  keys,
  namespace,
  proxyTo,
  put,
  read,
  remove,
  server,
  trueRun,
} from "./support.js";

const shared = sharedServer();
const RECORDS = 700;
const ALL = keys(RECORDS, "{k}");
const MISSING = keys(40, "{k}none");

interface Place {
  readonly one: StorageNamespace;
  readonly other: StorageNamespace;
  readonly proxy: RedisProxy;
}

async function place(partitions: number): Promise<Place> {
  const proxy = await proxyTo(shared());
  const options = { partitions, scriptMutations: 100 };
  const one = await namespace({ url: shared().urlAt(proxy.port), ...options });
  const other = await namespace({ url: shared().url, ...options });
  await other.commit(ALL.map((key) => put(key, "old", ["old"])));
  const warm = await other.merge(); // the server knows all scripts from now on
  await warm.put([change("warm", "1")]);
  await warm.commit();
  return { one, other, proxy };
}

/** Others have been there between the loss and the next attempt, where they need not wait for it. */
async function losing(
  { proxy, other }: Place,
  script: { readonly sha: string },
  work: Promise<unknown>,
): Promise<void> {
  await Promise.race([proxy.cutAt("after", is(script)), work]);
  if (script !== scripts.end) return;
  proxy.refuse();
  for (let i = 0; i < 3; i++) await other.sweep(Date.now(), 1);
  proxy.accept();
}

const ofCommits = [
  "begin",
  "stage",
  "hold",
  "expect",
  "openLoad",
  "decide",
  "finish",
  "merge",
  "end",
] as const;
const ofLoads = ["begin", "put", "freeze", "decide", "finish", "merge", "end"] as const;

describe.each([1, 3])("a lost reply, in %d partitions", (partitions) => {
  it.each(ofCommits)("to %s of a commit in steps: it answers and does as ever", async (name) => {
    const found = await place(partitions);
    const { one, other } = found;
    const before = await other.getMany(ALL);
    const expected = ALL.map((key, i) => ({ key, version: before[i]?.version ?? null }));
    const mutations = [
      ...ALL.slice(0, 300).map((key) => put(key, "new", ["new"])),
      ...MISSING.map(remove),
      ...ALL.slice(300).map((key) => put(key, "new", ["new"])),
    ];
    const commit = one.commit(mutations, { expect: expected });
    await losing(found, scripts[name], commit);
    const { versions, checkpoint } = await commit;
    const after = await other.getMany([...ALL.slice(0, 300), ...MISSING, ...ALL.slice(300)]);
    expect(versions).toEqual(after.map((record) => record?.version));
    expect(new Set(await read(other, ...ALL))).toEqual(new Set(["new"]));
    expect((await other.head()).checkpoint).toBe(checkpoint);
    await trueRun(other.changes(null));
    await isSound(other);
  });

  it.each(ofLoads)("to %s of a merge: it answers and does as ever", async (name) => {
    const found = await place(partitions);
    const { one, other } = found;
    const merge = async () => {
      const into = await one.merge({ onConflict: "keep-existing" });
      await into.put([...ALL, ...keys(50, "{k}x")].map((key) => change(key, "new")));
      return into.commit();
    };
    const merging = merge();
    await losing(found, scripts[name], merging);
    const { skipped, count, head } = await merging;
    expect({ skipped, count }).toEqual({ skipped: RECORDS, count: RECORDS + 50 });
    expect(await other.head()).toEqual(head);
    expect(new Set(await read(other, ...ALL))).toEqual(new Set(["old"]));
    await isSound(other);
  });
});

describe("waiting for replicas", () => {
  it("a commit in steps that was laid over the content where no replica saw it is unknown", async () => {
    const [master, replica] = [await server(), await server()];
    await replica.call("REPLICAOF", master.host, master.port);
    const proxy = await proxyTo(master);
    const one = await namespace({
      url: master.urlAt(proxy.port),
      wait: { replicas: 1, timeoutMs: 200 },
      scriptMutations: 100,
    });
    const puts = ALL.map((key) => put(key, "1"));
    await expect.poll(() => one.commit(puts).catch(() => undefined)).toBeDefined();
    const cut = proxy.cutAt("before", is(scripts.merge));
    const commit = one.commit(puts);
    commit.catch(() => undefined);
    await cut;
    proxy.refuse();
    await replica.pause();
    proxy.accept();
    await failureOf(commit, "NADB_COMMIT_UNKNOWN");
    await replica.resume();
    await expect.poll(() => one.commit(puts).catch(() => undefined)).toBeDefined();
    await isSound(one);
  });
});
