// One buffered mutation. INVARIANT: it is checked as the backend checks, so that no flush is refused for what it
// holds, and in bytes of our own: what the caller does to its objects after the call changes nothing.
import { copyBytes } from "#slab";
import type { Mutation, Put, Seal } from "../backend.js";
import { utf8Length } from "../bytes.js";
import { invalidArgument } from "../errors.js";
import { canonicalTags, checkMutations, MAX_KEY_BYTES, MAX_TAG_BYTES, quote } from "../limits.js";

/** What the backend below takes, as its capabilities say. */
export interface BufferLimits {
  readonly maxKeyBytes: number;
  readonly maxTagBytes: number;
  readonly maxValueBytes: number;
}

export interface Entry {
  readonly mutation: Mutation;
  /** When it was buffered, in ms since the epoch. */
  readonly at: number;
  /** Since when the record stands in its layer, overwritten or not. */
  since: number;
  /** About what it takes in memory. */
  readonly bytes: number;
}

/** What an entry takes beside its key, value and tags: the objects around them. */
const ENTRY_BYTES = 160;
const TAG_BYTES = 24;

/** Throws NADB_INVALID_ARGUMENT for the first mutation that the backend would refuse. */
export function prepareEntries(
  mutations: readonly Mutation[],
  limits: BufferLimits,
  now: number,
): Entry[] {
  checkMutations(mutations, limits.maxValueBytes);
  return mutations.map((mutation) => prepareEntry(mutation, limits, now));
}

export const sizeOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, entry) => sum + entry.bytes, 0);

/** Whether the key can be read at `now`, by this entry's word. */
export const isReadable = ({ mutation }: Entry, now: number): boolean =>
  mutation.type === "put" && (mutation.expiresAt === undefined || now < mutation.expiresAt);

export const copySeal = (seal: Seal): Seal => ({
  length: seal.length,
  contentHash: copyBytes(seal.contentHash),
});

function prepareEntry(mutation: Mutation, limits: BufferLimits, at: number): Entry {
  const { key } = mutation;
  if (limits.maxKeyBytes < MAX_KEY_BYTES) checkLength("key", key, limits.maxKeyBytes);
  const bytes = ENTRY_BYTES + 2 * key.length;
  if (mutation.type === "delete")
    return { mutation: { type: "delete", key }, at, since: at, bytes };
  const put = copyPut(mutation);
  const tags = put.tags as readonly string[];
  if (limits.maxTagBytes < MAX_TAG_BYTES) {
    for (const tag of tags) checkLength("tag", tag, limits.maxTagBytes);
  }
  return { mutation: put, at, since: at, bytes: bytes + put.value.length + tagBytes(tags) };
}

function copyPut({ key, value, tags, expiresAt, seal }: Put): Put {
  const put: Put = { type: "put", key, value: copyBytes(value), tags: canonicalTags(tags) };
  if (expiresAt === undefined && seal === undefined) return put; // by far the most
  return {
    ...put,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(seal === undefined ? {} : { seal: copySeal(seal) }),
  };
}

function tagBytes(tags: readonly string[]): number {
  let bytes = 0;
  for (const tag of tags) bytes += TAG_BYTES + 2 * tag.length;
  return bytes;
}

function checkLength(what: string, text: string, maxBytes: number): void {
  const bytes = utf8Length(text);
  if (bytes <= maxBytes) return;
  throw invalidArgument(
    `the ${what} ${quote(text)} has ${bytes} bytes as UTF-8, this backend takes at most ${maxBytes}`,
  );
}
