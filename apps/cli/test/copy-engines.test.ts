// Copies from each engine to each other one, of values that have broken stores somewhere.
import { fsBackend } from "@nadb/backend-fs";
import { redisBackend } from "@nadb/backend-redis";
import {
  copyAll,
  copyNamespace,
  copyProgress,
  KeyValueStore,
  memoryBackend,
  type StorageBackend,
  type StorageNamespace,
} from "@nadb/core";
import { seeded, seedOfRun } from "@nadb/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { sharedCluster, sharedServer } from "../../../packages/backend-redis/test/servers/index.js";
import { inFolder } from "./support/nadb.js";

const { path } = inFolder();
const server = sharedServer();
const cluster = sharedCluster();
const ID = { db: "default", namespace: "default" };
const MIB = 1024 * 1024;

const ENGINES: Record<string, (name: string) => StorageBackend> = {
  memory: () => memoryBackend(),
  fs: (name) => fsBackend({ path: path(name) }),
  redis: (prefix) => redisBackend({ url: server().url, prefix }),
  cluster: (prefix) => redisBackend({ url: cluster().url, prefix }),
};

/** Each engine as a source and as a target; not each with each. */
const PAIRS = [
  ["memory", "memory"],
  ["memory", "fs"],
  ["fs", "memory"],
  ["fs", "fs"],
  ["fs", "redis"],
  ["redis", "fs"],
  ["redis", "redis"],
  ["redis", "cluster"],
  ["cluster", "memory"],
] as const;

async function opened(engine: string, name: string): Promise<StorageBackend> {
  const backend = ENGINES[engine]?.(name) as StorageBackend;
  await backend.open();
  onTestFinished(() => backend.close());
  return backend;
}

async function fill(backend: StorageBackend): Promise<void> {
  const random = seeded(seedOfRun());
  const options = { backend, compressValues: true, closeBackend: false };
  await using store = await KeyValueStore.open(options);
  const tags = Array.from({ length: 3_000 }, (_, i) => `tag:${i}`);
  await store.set("binary", random.bytes(4_096), { tags });
  await store.set("empty", new Uint8Array(0));
  await store.set("compressed", "text ".repeat(20_000), { tags: ["größe"] });
  await store.set("large", new Uint8Array(16 * MIB).fill(7));
  await store.set(
    "noise",
    Uint8Array.from({ length: 3 * MIB }, (_, i) => (i * 2_654_435_761) >>> 13),
  );
  await store.set("\u{10ffff}\0é/..", "\0", { ttlSeconds: 10_000 });
  await store.set("k".repeat(1_024), "long");
  await store.set("gone", "soon");
}

async function expectSame(from: StorageNamespace, to: StorageNamespace): Promise<void> {
  const { items } = await from.keys();
  expect((await to.keys()).items).toEqual(items);
  for (const key of items) {
    const [[a], [b]] = [await from.getMany([key]), await to.getMany([key])];
    expect(Buffer.compare(a?.value as Uint8Array, b?.value as Uint8Array)).toBe(0);
    const plain = (record: typeof a) =>
      JSON.stringify({ ...record, value: 0, version: 0, seal: record?.seal?.length });
    expect(plain(b)).toBe(plain(a));
  }
  const [a, b] = [await from.head(), await to.head()];
  expect([b.count, b.bytes, b.digest]).toEqual([a.count, a.bytes, a.digest]);
}

describe.each(PAIRS)("a copy from %s to %s", (a, b) => {
  it("is the same, byte for byte, at once and after changes", async () => {
    const [source, target] = [await opened(a, "one"), await opened(b, "two")];
    await fill(source);
    const [from, to] = [await source.namespace(ID), await target.namespace(ID)];
    const progress = await copyProgress(target, ID);
    const first = await copyNamespace(from, to, { progress });
    expect(first).toMatchObject({ step: "full", copied: 8, inSync: true });
    await expectSame(from, to);
    await from.commit([
      { type: "delete", key: "gone" },
      { type: "put", key: "large", value: new Uint8Array(16 * MIB).fill(8), tags: ["changed"] },
      { type: "put", key: "new", value: new Uint8Array(0), expiresAt: Date.now() + 1e7 },
    ]);
    const second = await copyNamespace(from, to, { progress });
    expect(second).toMatchObject({ step: "changes", copied: 2, deleted: 1 });
    await expectSame(from, to);
  });

  it("there and back again is the same", async () => {
    const [source, target] = [await opened(a, "one"), await opened(b, "two")];
    await fill(source);
    await copyAll(source, target);
    const back = await opened(a, "three");
    await copyAll(target, back);
    await expectSame(await source.namespace(ID), await back.namespace(ID));
    const names: string[] = [];
    for await (const { namespace } of back.namespaces()) names.push(namespace);
    expect(names.sort()).toEqual(["default", "nadb.copies"]);
  });
});
