// Is a namespace at one with itself? Everything it says twice must agree: feed, head, listing, records, tags.
import assert from "node:assert/strict";
import type { StorageNamespace, StoredRecord } from "@nadb/core";
import { assertEndsTrue, byUtf8, getMany, readKeys, readRun, type State } from "./runs.js";

/**
 * Fails with an AssertionError unless feed, head, keys, records and tag counts of the namespace agree.
 * REQUIRES: nobody writes meanwhile, and `now` is what the backend's clock says.
 */
export async function checkNamespace(namespace: StorageNamespace, now: number): Promise<void> {
  const run = await readRun(namespace, null);
  assert.deepEqual(run.end, await namespace.head(), "check: the run does not end at the head");
  const state: State = new Map();
  assertEndsTrue(run, state);
  const readable = readableRecords(state, now);
  const keys = readable.map((record) => record.key);
  assert.deepEqual(await readKeys(namespace), keys, "check: keys() is not what the feed holds");
  await checkRecords(namespace, readable);
  assert.deepEqual(
    sortedByTag(await namespace.tags()),
    sortedByTag(countTags(readable)),
    "check: tags() is not what the records carry",
  );
}

function readableRecords(state: State, now: number): StoredRecord[] {
  const records = [...state.values()].filter((record) => isReadable(record, now));
  return records.sort((a, b) => byUtf8(a.key, b.key));
}

async function checkRecords(
  namespace: StorageNamespace,
  expected: readonly StoredRecord[],
): Promise<void> {
  const records = await getMany(
    namespace,
    expected.map((record) => record.key),
  );
  assert.deepEqual(records, expected, "check: getMany() is not what the feed holds");
}

/** Before the instant `expiresAt` a record can be read, from then on it cannot. */
export const isReadable = (
  record: { readonly expiresAt?: number | undefined },
  now: number,
): boolean => record.expiresAt === undefined || now < record.expiresAt;

/** With how many of the records each tag stands. */
export function countTags(
  records: Iterable<{ readonly tags: readonly string[] }>,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const record of records) {
    for (const tag of record.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return counts;
}

export const sortedByTag = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort(([a], [b]) => byUtf8(a, b));
