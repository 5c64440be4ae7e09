// One commit: expectations first, then every mutation, in one transaction.
import type {
  Delete,
  EncodedChange,
  Expectation,
  Mutation,
  Put,
  StoredRecord,
} from "../backend.js";
import { compareUtf8 } from "../bytes.js";
import { NadbError } from "../errors.js";
import { canonicalTags, checkKey, checkMutations, quote } from "../limits.js";
import { changeVersion, encodeRecord, stampRecord } from "../record.js";
import { type Applier, isExpired, type RecordFacts, readRecord } from "./apply.js";
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

/**
 * Throws NADB_CONFLICT for the first expectation that does not hold. An expired record counts as absent. No space: a
 * namespace that was never written to.
 */
export function checkExpectations(
  tx: ReadTransaction,
  space: Space | undefined,
  expect: readonly Expectation[],
  now: number,
): void {
  for (const expectation of expect) {
    const record = space && readRecord(tx, space, expectation.key);
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
export type PreparedMutation = PreparedPut | Delete;

interface PreparedPut {
  readonly type: "put";
  readonly facts: RecordFacts;
  readonly encoded: EncodedChange;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const UNSTAMPED = { createdAt: 0, updatedAt: 0, version: 0 };

const isPut = (mutation: PreparedMutation): mutation is PreparedPut => mutation.type === "put";

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
function preparePut({ key, value, tags, expiresAt, seal }: Put): PreparedPut {
  const canonical = canonicalTags(tags);
  const record: Mutable<StoredRecord> = { key, value, tags: canonical, ...UNSTAMPED };
  if (expiresAt !== undefined) record.expiresAt = expiresAt;
  if (seal !== undefined) record.seal = seal;
  return { type: "put", facts: { key, tags: canonical, expiresAt }, encoded: encodeRecord(record) };
}

/** Applies the mutations; answers the version each one made (backend.ts, Commit.versions). */
export function applyMutations(
  applier: Applier,
  entry: NamespaceEntry,
  mutations: readonly PreparedMutation[],
  now: number,
): (number | undefined)[] {
  const last = lastOfEachKey(mutations);
  const counts = (mutation: PreparedMutation, index: number): boolean =>
    last === undefined || last.get(keyOf(mutation)) === index;
  if (mutations.every(isPut)) return applyPuts(applier, entry, mutations, counts, now);
  return mutations.map((mutation, index) => {
    if (!counts(mutation, index)) return undefined;
    return isPut(mutation)
      ? applyPut(applier, ++entry.counter, mutation, now)
      : applyDelete(applier, entry, mutation.key, now);
  });
}

/** Versions follow the order given, writes the order of keys, in which the engine takes them with less work. */
function applyPuts(
  applier: Applier,
  entry: NamespaceEntry,
  puts: readonly PreparedPut[],
  counts: (put: PreparedPut, index: number) => boolean,
  now: number,
): (number | undefined)[] {
  const versions = puts.map((put, index) => (counts(put, index) ? ++entry.counter : undefined));
  for (const index of inKeyOrder(puts)) {
    const version = versions[index];
    if (version !== undefined) applyPut(applier, version, puts[index] as PreparedPut, now);
  }
  return versions;
}

function inKeyOrder(puts: readonly PreparedPut[]): number[] {
  const order = Array.from(puts, (_, index) => index);
  const keyAt = (index: number): string => (puts[index] as PreparedPut).facts.key;
  return order.sort((a, b) => compareUtf8(keyAt(a), keyAt(b)));
}

const keyOf = (mutation: PreparedMutation): string =>
  mutation.type === "put" ? mutation.facts.key : mutation.key;

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
  { facts, encoded }: PreparedPut,
  now: number,
): number {
  const old = applier.takeOut(facts.key);
  const lives = old !== undefined && (old.expiresAt === undefined || old.expiresAt > now);
  stampRecord(encoded, { version, createdAt: lives ? old.createdAt : now, updatedAt: now });
  applier.putIn(old, facts, encoded);
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
