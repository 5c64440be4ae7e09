// One commit: expectations first, then every mutation, in one transaction.
import type { EncodedChange, Expectation, Mutation, Put, StoredRecord } from "../backend.js";
import { NadbError } from "../errors.js";
import { canonicalTags, checkKey, checkMutations, quote } from "../limits.js";
import { changeVersion, encodeRecord, recordValue, stampRecord } from "../record.js";
import { type Applier, isExpired, readRecord } from "./apply.js";
import type { NamespaceEntry } from "./entry.js";
import type { Space } from "./layout.js";
import type { ReadTransaction } from "./ordered-kv.js";

/** Checked, and copied: the commit may have its turn later. */
export function prepareExpectations(expect: readonly Expectation[] = []): Expectation[] {
  return expect.map(({ key, version }) => {
    checkKey(key);
    return { key, version };
  });
}

/** Throws NADB_CONFLICT for the first expectation that does not hold. An expired record counts as absent. */
export function checkExpectations(
  tx: ReadTransaction,
  space: Space,
  expect: readonly Expectation[],
  now: number,
): void {
  for (const expectation of expect) {
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

/** A mutation in bytes of our own: what the caller does to its objects after the call changes nothing. */
export type PreparedMutation =
  | { readonly type: "put"; readonly record: StoredRecord; readonly encoded: EncodedChange }
  | { readonly type: "delete"; readonly key: string };

/** Checks and encodes all that a commit brings; nothing is refused later. */
export function prepareMutations(
  mutations: readonly Mutation[],
  maxValueBytes: number,
): PreparedMutation[] {
  checkMutations(mutations, maxValueBytes);
  return mutations.map((mutation) =>
    mutation.type === "put" ? preparePut(mutation) : { type: "delete", key: mutation.key },
  );
}

/** Times and version are stamped when the commit has its turn. */
function preparePut({ key, value, tags, expiresAt }: Put): PreparedMutation {
  const record: StoredRecord = {
    key,
    value,
    tags: canonicalTags(tags),
    createdAt: 0,
    updatedAt: 0,
    version: 0,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  const encoded = encodeRecord(record);
  return { type: "put", record: { ...record, value: recordValue(encoded) }, encoded };
}

/** Applies the mutations in their order; answers the version each one made (backend.ts, Commit.versions). */
export function applyMutations(
  applier: Applier,
  entry: NamespaceEntry,
  mutations: readonly PreparedMutation[],
  now: number,
): (number | undefined)[] {
  const last = lastOfEachKey(mutations);
  return mutations.map((mutation, index) => {
    if (last !== undefined && last.get(keyOf(mutation)) !== index) return undefined;
    return mutation.type === "put"
      ? applyPut(applier, ++entry.counter, mutation.record, mutation.encoded, now)
      : applyDelete(applier, entry, mutation.key, now);
  });
}

const keyOf = (mutation: PreparedMutation): string =>
  mutation.type === "put" ? mutation.record.key : mutation.key;

/** Index of the mutation that counts for each key; undefined when there can be no duplicates. */
function lastOfEachKey(mutations: readonly PreparedMutation[]): Map<string, number> | undefined {
  if (mutations.length < 2) return undefined;
  const last = new Map<string, number>();
  mutations.forEach((mutation, index) => {
    last.set(keyOf(mutation), index);
  });
  return last;
}

function applyPut(
  applier: Applier,
  version: number,
  record: StoredRecord,
  encoded: EncodedChange,
  now: number,
): number {
  const old = applier.takeOut(record.key);
  const lives = old !== undefined && (old.expiresAt === undefined || old.expiresAt > now);
  stampRecord(encoded, { version, createdAt: lives ? old.createdAt : now, updatedAt: now });
  applier.putIn(old, { ...record, version }, encoded);
  return version;
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
