// Values that have broken stores somewhere: what is written of them, what is changed, and whether two stores hold the same.
import type { KeyValueStore, StorageNamespace, StoredRecord } from "@nadb/core";
import { seeded, seedOfRun } from "@nadb/testkit";
import { expect } from "vitest";

const MIB = 1024 * 1024;
export const BINARY_TTL_SECONDS = 8_000;
export const NEW_TTL_SECONDS = 9_000;

async function fill(store: KeyValueStore): Promise<void> {
  const random = seeded(seedOfRun());
  const tags = Array.from({ length: 3_000 }, (_, i) => `tag:${i}`);
  await store.set("binary", random.bytes(4_096), { tags });
  await store.set("empty", new Uint8Array(0));
  await store.set("sealed", "text ".repeat(20_000), { tags: ["größe", "\u{1f600}"] });
  await store.set("large", random.bytes(16 * MIB));
  await store.set("even", new Uint8Array(2 * MIB).fill(7));
  await store.set("\u{10ffff}\0é/..", "\0", { ttlSeconds: 10_000 });
  await store.set("k".repeat(1_024), "long");
  await store.set("gone", "soon", { ttlSeconds: 500 });
  for (let i = 0; i < 40; i++) await store.set(`many:${i}`, String(i), { tags: [`t${i % 3}`] });
}

async function changeSome(store: KeyValueStore): Promise<void> {
  await store.delete("gone");
  await store.delete("many:7");
  await store.set("large", seeded(seedOfRun() + 1).bytes(16 * MIB), { tags: ["changed"] });
  await store.set("new", new Uint8Array(0), { ttlSeconds: NEW_TTL_SECONDS });
}

async function changeOthers(store: KeyValueStore): Promise<void> {
  await store.set("gone", "and here again", { tags: ["back"] });
  await store.delete("empty");
  await store.persist("\u{10ffff}\0é/..");
  await store.touch("binary", { ttlSeconds: BINARY_TTL_SECONDS });
}

/** One after the other, with a backup behind each. Commits are of one key. */
export const STEPS: readonly ((store: KeyValueStore) => Promise<void>)[] = [
  fill,
  changeSome,
  changeOthers,
];

export async function recordsOf(storage: StorageNamespace): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (const key of (await storage.keys()).items) {
    const [record] = await storage.getMany([key]);
    if (record !== undefined) records.push({ ...record, value: new Uint8Array(record.value) });
  }
  return records;
}

/** Versions are each store's own. Large values are compared apart, for whoever prints a difference. */
export function expectSame(
  found: readonly StoredRecord[],
  expected: readonly StoredRecord[],
): void {
  const plain = (all: readonly StoredRecord[]) =>
    all.map((record) => ({ ...record, value: record.value.length, version: 0 }));
  expect(plain(found)).toEqual(plain(expected));
  const differing = expected.filter(
    ({ value }, i) => Buffer.compare(value, found[i]?.value as Uint8Array) !== 0,
  );
  expect(differing.map(({ key }) => key)).toEqual([]);
}
