// Stores and repositories in memory, on a clock that only the test moves.
import {
  type EncodedChange,
  encodeRecord,
  type Head,
  isTombstone,
  KeyValueStore,
  memoryBackend,
  recordValueLength,
  StateDigest,
  type StorageNamespace,
  type StoredRecord,
} from "@nadb/core";
import { onTestFinished } from "vitest";
import { BackupManager, type BackupTarget, memoryTarget } from "../../src/index.js";

export const START = Date.parse("2026-01-02T03:04:05.678Z");

export class Clock {
  constructor(public time = START) {}
  readonly now = (): number => this.time;
}

/** Closed when the test ends. */
export async function openStore(clock: () => number = () => START): Promise<KeyValueStore> {
  const store = await KeyValueStore.open({ backend: memoryBackend({ clock }), clock });
  onTestFinished(() => store.close());
  return store;
}

/** Records `k0000`, `k0001`, …, each with a tag and a value of `valueBytes`. */
export async function fill(store: KeyValueStore, count: number, valueBytes = 20): Promise<void> {
  const entries = Array.from({ length: count }, (_, i) => ({
    key: `k${String(i).padStart(4, "0")}`,
    value: `value ${i} `.padEnd(valueBytes, "."),
    tags: ["t"],
  }));
  await store.setMany(entries);
}

export interface Site {
  readonly store: KeyValueStore;
  readonly target: BackupTarget;
  readonly clock: Clock;
  readonly backups: BackupManager;
}

/** A store, a repository and their manager. */
export async function openSite(target: BackupTarget = memoryTarget()): Promise<Site> {
  const clock = new Clock();
  const store = await openStore(clock.now);
  return { store, target, clock, backups: await openManager(store, target, clock) };
}

export const openManager = (
  store: KeyValueStore | StorageNamespace,
  target: BackupTarget,
  clock: Clock = new Clock(),
): Promise<BackupManager> => BackupManager.open({ store, target, clock: clock.now });

/** All changes of a namespace as they stand in its feed. */
export async function changesOf(storage: StorageNamespace): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const { changes } of storage.changes(null)) {
    all.push(...changes.map((change) => new Uint8Array(change)));
  }
  return all;
}

/** Count, bytes and digest computed from what the namespace holds; they must be what its head says. */
export async function measure(
  storage: StorageNamespace,
): Promise<Pick<Head, "count" | "bytes" | "digest">> {
  const digest = new StateDigest();
  let bytes = 0;
  const records = (await changesOf(storage)).filter((change) => !isTombstone(change));
  for (const record of records) {
    digest.toggle(record);
    bytes += recordValueLength(record);
  }
  return { count: records.length, bytes, digest: digest.toHex() };
}

export const record = (key: string, value: Uint8Array | string = key): EncodedChange =>
  encodeRecord({
    key,
    value: typeof value === "string" ? Buffer.from(value) : value,
    tags: ["t"],
    createdAt: 1_000,
    updatedAt: 2_000,
    version: 7,
  } satisfies StoredRecord);
