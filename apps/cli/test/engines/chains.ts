// What one engine has backed up any other restores, and what one holds any other gets by a copy, bit for bit, with expiries
// that go on.
import { BackupManager, type BackupTarget, memoryTarget } from "@nadb/backup";
import {
  copyNamespace,
  copyProgress,
  KeyValueStore,
  type StorageBackend,
  type StorageNamespace,
  type StoredRecord,
} from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { beforeEach, describe, expect, it } from "vitest";
import { type Engine, isThere, opened, pairsFrom } from "./all-engines.js";
import {
  BINARY_TTL_SECONDS,
  expectSame,
  NEW_TTL_SECONDS,
  recordsOf,
  STEPS,
} from "./hard-values.js";

const ID = { db: "default", namespace: "default" };
const START = Date.UTC(2031, 4, 17);
let now = START;
export const clock = (): number => now;
beforeEach(() => {
  now = START;
});

/** A full and two incrementals of values that have broken stores somewhere, and what stood in the store in the end. */
interface Chain {
  readonly target: BackupTarget;
  readonly tip: { readonly digest: string; readonly records: StoredRecord[] };
}

const chains = new Map<Engine, Promise<Chain>>();

/** Made once: a backup does not mind by how many it is restored. */
function chainOf(engine: Engine): Promise<Chain> {
  const chain = chains.get(engine) ?? makeChain(engine);
  chains.set(engine, chain);
  return chain;
}

async function makeChain(engine: Engine): Promise<Chain> {
  const store = await compressing(await opened(engine, "source", clock));
  const target = memoryTarget();
  const backups = await BackupManager.open({ store, target, clock });
  for (const [i, change] of STEPS.entries()) {
    await change(store);
    const info =
      i === 0
        ? await backups.createBackup({ backupId: "b0" })
        : await backups.createIncrementalBackup(`b${i - 1}`, { backupId: `b${i}` });
    expect(info.stateDigest).toBe((await store.stats()).digest);
  }
  const { digest } = await store.stats();
  return { target, tip: { digest, records: await recordsOf(store.storage) } };
}

export const compressing = (backend: StorageBackend): Promise<KeyValueStore> =>
  KeyValueStore.open({ ...ID, backend, clock, compressValues: true, closeBackend: false });

/** Restores the last backup of the chain; the others are on the way to it. */
async function restoreAndCompare({ target, tip }: Chain, store: KeyValueStore): Promise<void> {
  const backups = await BackupManager.open({ store, target, clock });
  const { head } = await backups.restoreBackup(`b${STEPS.length - 1}`, { clearExisting: true });
  expect([head.digest, head.count]).toEqual([tip.digest, tip.records.length]);
  expectSame(await recordsOf(store.storage), tip.records);
}

/** Both hold the same now, and again after each expiry, before anything is swept and after. */
async function expectToExpire(one: StorageNamespace, other: StorageNamespace): Promise<void> {
  for (const [seconds, key] of [
    [BINARY_TTL_SECONDS, "binary"],
    [NEW_TTL_SECONDS, "new"],
  ] as const) {
    now = START + seconds * 1000 - 1;
    for (const each of [one, other]) expect((await each.getMany([key]))[0]?.key).toBe(key);
    now += 1;
    for (const each of [one, other]) expect(await each.getMany([key])).toEqual([undefined]);
    for (const each of [one, other]) expect(await each.sweep(now, 100)).toBe(1);
    const [{ digest, count }, found] = [await one.head(), await other.head()];
    expect([found.digest, found.count]).toEqual([digest, count]);
  }
}

export async function copyAndCompare(
  from: StorageNamespace,
  into: StorageBackend,
): Promise<StorageNamespace> {
  const to = await into.namespace(ID);
  const options = { progress: await copyProgress(into, ID), clock };
  const { count } = await from.head();
  const full = await copyNamespace(from, to, options);
  expect(full).toMatchObject({ step: "full", copied: count, inSync: true });
  await from.commit([{ type: "put", key: "copied", value: new Uint8Array(3), tags: ["later"] }]);
  const [doomed = ""] = (await from.keys({ prefix: "many:", limit: 1 })).items;
  await from.commit([{ type: "delete", key: doomed }]);
  const next = await copyNamespace(from, to, options);
  expect(next).toMatchObject({ step: "changes", copied: 1, deleted: 1, inSync: true });
  expectSame(await recordsOf(to), await recordsOf(from));
  return to;
}

/** Defines the tests of each of these with every engine. */
export function testChainsOf(engines: readonly Engine[]): void {
  describe("a chain of backups of values that have broken stores somewhere", () => {
    for (const pair of pairsFrom(engines))
      it.skipIf(!isThere(pair))(
        `from ${pair.from} restores into ${pair.into}, and is copied back: digest and records are the same`,
        async () => {
          const chain = await chainOf(pair.from);
          const backend = await opened(pair.into, "restored", clock);
          const store = await compressing(backend);
          await store.set("gone", "not yet");
          await restoreAndCompare(chain, store);
          const restored = await backend.namespace(ID);
          expect((await restored.getMany(["sealed"]))[0]?.seal?.length).toBe(100_000);
          await checkNamespace(restored, now);
          const copied = await copyAndCompare(restored, await opened(pair.from, "copied", clock));
          await expectToExpire(restored, copied);
          await checkNamespace(copied, now);
        },
        120_000,
      );
  });
}
