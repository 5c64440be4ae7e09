// What is allowed in: names, keys, tags, values, times. Everything that enters a store or a repository
// passes here first, so that bad input is refused before anything is written.
import type { Mutation, PageOptions, Seal, TagQuery } from "./backend.js";
import { compareUtf8, utf8Length } from "./bytes.js";
import { invalidArgument } from "./errors.js";

/** Longest key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024;
/** Longest tag, in bytes of UTF-8. */
export const MAX_TAG_BYTES = 256;
/** Most tags on one record. */
export const MAX_RECORD_TAGS = 65_535;
/** SHA-256. */
export const SEAL_HASH_BYTES = 32;
/** Largest page that a listing returns at once. */
export const MAX_PAGE_LIMIT = 10_000;
const DEFAULT_PAGE_LIMIT = 1_000;
const MAX_COMMIT_ID_LENGTH = 128;
/** Latest expiry: the end of what JavaScript's Date can hold, in ms since the epoch. */
export const MAX_TIME_MS = 8_640_000_000_000_000;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Names of databases, namespaces and backups: safe as a file name on every system. */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name === "string" && NAME.test(name)) return;
  throw invalidArgument(
    `${what} ${quote(name)} is not allowed`,
    "use 1 to 128 letters, digits, '.', '_' or '-', beginning with a letter or digit",
  );
}

export function checkKey(key: unknown): asserts key is string {
  checkText("key", key, MAX_KEY_BYTES);
}

export function checkTag(tag: unknown): asserts tag is string {
  checkText("tag", tag, MAX_TAG_BYTES);
}

function checkText(what: string, text: unknown, maxBytes: number): asserts text is string {
  if (typeof text !== "string") {
    throw invalidArgument(`a ${what} is a string, not ${typeof text}`);
  }
  if (text.length === 0) throw invalidArgument(`the ${what} is empty`);
  if (text.length * 3 > maxBytes && utf8Length(text) > maxBytes) {
    throw invalidArgument(
      `the ${what} ${quote(text)} has ${utf8Length(text)} bytes as UTF-8, at most ${maxBytes} are allowed`,
    );
  }
  if (!text.isWellFormed()) {
    throw invalidArgument(
      `the ${what} ${quote(text)} is no well-formed Unicode (a lone surrogate)`,
    );
  }
}

/** Canonical tags: checked, sorted by UTF-8 bytes, without duplicates. */
export function canonicalTags(tags: readonly string[] | undefined): readonly string[] {
  if (tags === undefined || tags.length === 0) return [];
  checkTags(tags);
  const sorted = isAscending(tags) ? tags.slice() : [...new Set(tags)].sort(compareUtf8);
  if (sorted.length > MAX_RECORD_TAGS) {
    throw invalidArgument(
      `${sorted.length} tags on one record, at most ${MAX_RECORD_TAGS} are allowed`,
    );
  }
  return sorted;
}

/** Sorted and without duplicates, as tags mostly come. */
function isAscending(tags: readonly string[]): boolean {
  for (let i = 1; i < tags.length; i++) {
    if (compareUtf8(tags[i - 1] as string, tags[i] as string) >= 0) return false;
  }
  return true;
}

function checkTags(tags: readonly string[]): void {
  if (!Array.isArray(tags))
    throw invalidArgument(`tags are an array of strings, not ${typeof tags}`);
  for (const tag of tags) checkTag(tag);
}

export function checkValue(
  key: string,
  value: unknown,
  maxBytes: number,
): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw invalidArgument(`the value of ${quote(key)} is no Uint8Array`);
  }
  checkValueLength(key, value.length, maxBytes);
}

function checkValueLength(key: string, length: number, maxBytes: number): void {
  if (length <= maxBytes) return;
  throw invalidArgument(
    `the value of ${quote(key)} has ${length} bytes, this backend takes at most ${maxBytes}`,
  );
}

/** The value that readers see must fit, too: otherwise no other store would take the record. */
export function checkSeal(key: string, seal: unknown, maxBytes: number): asserts seal is Seal {
  const { length, contentHash } = (seal ?? {}) as { [field in keyof Seal]?: unknown };
  if (!Number.isSafeInteger(length) || (length as number) < 0) {
    throw invalidArgument(
      `the seal of ${quote(key)} says ${String(length)} bytes, no whole number`,
    );
  }
  if (!(contentHash instanceof Uint8Array) || contentHash.length !== SEAL_HASH_BYTES) {
    throw invalidArgument(`the seal of ${quote(key)} has no hash of ${SEAL_HASH_BYTES} bytes`);
  }
  checkValueLength(key, length as number, maxBytes);
}

/** A time in ms since the epoch. */
export function checkTime(what: string, time: unknown): asserts time is number {
  if (typeof time === "number" && Number.isInteger(time) && time > 0 && time <= MAX_TIME_MS) return;
  throw invalidArgument(`${what} ${String(time)} is no time in whole milliseconds since 1970`);
}

/** The instant at which a record that lives `ttlSeconds` from `now` expires. Fractions count to the ms. */
export function expiryAfter(now: number, ttlSeconds: unknown): number {
  if (typeof ttlSeconds !== "number" || !(ttlSeconds > 0)) {
    throw invalidArgument(`ttlSeconds ${String(ttlSeconds)} is not a number above 0`);
  }
  const expiresAt = now + Math.max(1, Math.round(ttlSeconds * 1000));
  if (expiresAt > MAX_TIME_MS) throw invalidArgument(`ttlSeconds ${ttlSeconds} is beyond all time`);
  return expiresAt;
}

/** Checks all that a commit brings; with it nothing can be refused half-way. */
export function checkMutations(mutations: readonly Mutation[], maxValueBytes: number): void {
  for (const mutation of mutations) {
    checkKey(mutation.key);
    if (mutation.type === "delete") continue;
    if (mutation.type !== "put") throw invalidArgument(`unknown mutation ${quote(mutation)}`);
    checkValue(mutation.key, mutation.value, maxValueBytes);
    if (mutation.expiresAt !== undefined) checkTime("expiresAt", mutation.expiresAt);
    if (mutation.seal !== undefined) checkSeal(mutation.key, mutation.seal, maxValueBytes);
  }
}

/** Well-formed, since two lone surrogates would be the same id once they are UTF-8. */
export function checkCommitId(id: unknown): asserts id is string {
  const fits = typeof id === "string" && id.length > 0 && id.length <= MAX_COMMIT_ID_LENGTH;
  if (fits && id.isWellFormed()) return;
  throw invalidArgument(`commit id ${quote(id)} is not 1 to ${MAX_COMMIT_ID_LENGTH} characters`);
}

/** The page size asked for, checked. */
export function pageLimit(options: PageOptions): number {
  const limit = options.limit ?? DEFAULT_PAGE_LIMIT;
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_LIMIT) return limit;
  throw invalidArgument(`limit ${String(limit)} is not a whole number from 1 to ${MAX_PAGE_LIMIT}`);
}

export function checkTagQuery(query: TagQuery): void {
  for (const tags of [query.all, query.any, query.none]) {
    if (tags !== undefined) checkTags(tags);
  }
  if (query.total !== undefined && typeof query.total !== "boolean") {
    throw invalidArgument(`total ${quote(query.total)} is not true or false`);
  }
}

/** A value shown in a message: one line, bounded. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…"` : text;
}
