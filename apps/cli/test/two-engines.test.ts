// Backups of one namespace on two engines: what one has backed up any other restores, bit for bit, and a checkpoint of the
// one is none of the other.
import { fsBackend } from "@nadb/backend-fs";
import { redisBackend } from "@nadb/backend-redis";
import { BackupManager, type BackupTarget, memoryTarget } from "@nadb/backup";
import { KeyValueStore, memoryBackend, type StorageBackend, type StoredRecord } from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { sharedCluster, sharedServer } from "../../../packages/backend-redis/test/servers/index.js";
import { expectSame, recordsOf, STEPS } from "./support/hard-values.js";
import { inFolder } from "./support/nadb.js";

const { path } = inFolder();
const server = sharedServer();
const cluster = sharedCluster();
const ID = { db: "default", namespace: "default" };
const clock = (): number => Date.UTC(2031, 4, 17);

const ENGINES = {
  memory: () => memoryBackend({ clock }),
  fs: (name: string) => fsBackend({ path: path(name), clock }),
  redis: (prefix: string) => redisBackend({ url: server().url, prefix, clock }),
  "a cluster in 4 partitions": (prefix: string) =>
    redisBackend({ url: cluster().url, prefix, partitions: 4, clock }),
};
type Engine = keyof typeof ENGINES;

const ALL = Object.keys(ENGINES) as readonly Engine[];
const PAIRS = ALL.flatMap((from) => ALL.map((into) => ({ from, into })));

async function opened(engine: Engine, name: string): Promise<StorageBackend> {
  const backend = ENGINES[engine](name);
  await backend.open();
  onTestFinished(() => backend.close());
  return backend;
}

/** A full and two incrementals of values that have broken stores somewhere, and what stood in the store at each. */
interface Chain {
  readonly target: BackupTarget;
  readonly states: readonly { readonly digest: string; readonly records: StoredRecord[] }[];
}

const chains = new Map<Engine, Promise<Chain>>();

/** Made once: a backup does not mind by how many it is restored. */
function chainOf(engine: Engine): Promise<Chain> {
  const chain = chains.get(engine) ?? makeChain(engine);
  chains.set(engine, chain);
  return chain;
}

async function makeChain(engine: Engine): Promise<Chain> {
  const store = await compressing(await opened(engine, "source"));
  const target = memoryTarget();
  const backups = await BackupManager.open({ store, target, clock });
  const states: Chain["states"][number][] = [];
  for (const [i, change] of STEPS.entries()) {
    await change(store);
    const info =
      i === 0
        ? await backups.createBackup({ backupId: "b0" })
        : await backups.createIncrementalBackup(`b${i - 1}`, { backupId: `b${i}` });
    const { digest } = await store.stats();
    const state = { digest, records: await recordsOf(store.storage) };
    expect(info.stateDigest).toBe(state.digest);
    states.push(state);
  }
  return { target, states };
}

const compressing = (backend: StorageBackend): Promise<KeyValueStore> =>
  KeyValueStore.open({ ...ID, backend, clock, compressValues: true });

describe("a chain of backups of values that have broken stores somewhere", () => {
  it.each(PAIRS)(
    "from $from, into $into: digest and records are the same",
    async (pair) => {
      const { target, states } = await chainOf(pair.from);
      const backend = await opened(pair.into, "target");
      const store = await compressing(backend);
      await store.set("gone", "not yet");
      const backups = await BackupManager.open({ store, target, clock });
      for (const [i, { digest, records }] of states.entries()) {
        if (i === 1) continue; // the chain of the last one goes through it
        const { head } = await backups.restoreBackup(`b${i}`, { clearExisting: true });
        expect([head.digest, head.count]).toEqual([digest, records.length]);
        expectSame(await recordsOf(store.storage), records);
      }
      const stored = await backend.namespace(ID);
      const [sealed] = await stored.getMany(["sealed"]);
      expect(sealed?.seal?.length).toBe(100_000);
      await checkNamespace(stored, clock());
    },
    60_000,
  );
});

async function storeOf(engine: Engine, name: string, keys: readonly string[]) {
  const store = await KeyValueStore.open({ backend: await opened(engine, name), clock });
  for (const key of keys) await store.set(key, key);
  return store;
}

describe("an incremental on a parent that another engine made", () => {
  it.each(PAIRS.filter(({ from, into }) => from !== into))(
    "$from, then $into: refused as expired; with fallbackToFull a full backup",
    async ({ from, into }) => {
      const target = memoryTarget();
      const first = await storeOf(from, "one", ["x", "y"]);
      await (await BackupManager.open({ store: first, target, clock })).createBackup({
        backupId: "full",
      });
      const second = await storeOf(into, "two", ["y", "z"]); // as many changes as the other
      const backups = await BackupManager.open({ store: second, target, clock });
      await expect(backups.createIncrementalBackup("full")).rejects.toMatchObject({
        code: "NADB_CHECKPOINT_EXPIRED",
        hint: expect.stringContaining("fallbackToFull"),
      });
      expect(await backups.listBackups()).toHaveLength(1);
      const next = await backups.createIncrementalBackup("full", { fallbackToFull: true });
      expect(next).toMatchObject({ backupType: "full", parentBackupId: null, recordCount: 2 });
      expect(next.stateDigest).toBe((await second.stats()).digest);
      await expect(
        backups.createIncrementalBackup("full", { skipUnchanged: true }),
      ).rejects.toMatchObject({ code: "NADB_CHECKPOINT_EXPIRED" });
    },
  );
});
