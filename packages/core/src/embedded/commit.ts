// One commit: expectations first, then every mutation, in one transaction.
import type { CommitOptions, Expectation, Mutation, Put, StoredRecord } from "../backend.js";
import { NadbError } from "../errors.js";
import { canonicalTags, quote } from "../limits.js";
import { changeVersion, encodeRecord } from "../record.js";
import { type Applier, isExpired, readRecord } from "./apply.js";
import type { NamespaceEntry } from "./entry.js";
import type { Space } from "./layout.js";
import type { ReadTransaction } from "./ordered-kv.js";

/** Throws NADB_CONFLICT for the first expectation that does not hold. An expired record counts as absent. */
export function checkExpectations(
  tx: ReadTransaction,
  space: Space,
  expect: CommitOptions["expect"],
  now: number,
): void {
  for (const expectation of expect ?? []) {
    const record = readRecord(tx, space, expectation.key);
    const found = record === undefined || isExpired(record, now) ? null : changeVersion(record);
    if (found !== expectation.version) throw conflict(expectation, found);
  }
}

function conflict({ key, version }: Expectation, found: number | null): NadbError {
  const standing = (at: number | null) => (at === null ? "absent" : `at version ${at}`);
  return new NadbError(
    "NADB_CONFLICT",
    `${quote(key)} is ${standing(found)}, expected ${standing(version)}`,
    {
      hint: "read it again and retry",
    },
  );
}

/** Applies the mutations in their order; answers the version each one made (backend.ts, Commit.versions). */
export function applyMutations(
  applier: Applier,
  entry: NamespaceEntry,
  mutations: readonly Mutation[],
  now: number,
): (number | undefined)[] {
  const last = lastOfEachKey(mutations);
  return mutations.map((mutation, index) => {
    if (last !== undefined && last.get(mutation.key) !== index) return undefined;
    return mutation.type === "put"
      ? applyPut(applier, entry, mutation, now)
      : applyDelete(applier, entry, mutation.key, now);
  });
}

/** Index of the mutation that counts for each key; undefined when there can be no duplicates. */
function lastOfEachKey(mutations: readonly Mutation[]): Map<string, number> | undefined {
  if (mutations.length < 2) return undefined;
  const last = new Map<string, number>();
  mutations.forEach(({ key }, index) => {
    last.set(key, index);
  });
  return last;
}

function applyPut(applier: Applier, entry: NamespaceEntry, put: Put, now: number): number {
  const old = applier.takeOut(put.key);
  const lives = old !== undefined && (old.expiresAt === undefined || old.expiresAt > now);
  const record: StoredRecord = {
    key: put.key,
    value: put.value,
    tags: canonicalTags(put.tags),
    createdAt: lives ? old.createdAt : now,
    updatedAt: now,
    version: ++entry.counter,
    ...(put.expiresAt === undefined ? {} : { expiresAt: put.expiresAt }),
  };
  applier.putIn(old, record, encodeRecord(record));
  return record.version;
}

/** A missing key, or one that has expired and awaits its sweep, is left alone. */
function applyDelete(
  applier: Applier,
  entry: NamespaceEntry,
  key: string,
  now: number,
): number | undefined {
  const record = readRecord(applier.tx, applier.space, key);
  if (record === undefined || isExpired(record, now)) return undefined;
  applier.delete(key, ++entry.counter, now);
  return entry.version;
}
