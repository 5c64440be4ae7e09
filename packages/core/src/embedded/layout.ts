// Where everything stands in an OrderedKv. Keys are bytes, numbers big-endian, so byte order is the order wanted.
//
//   0x00                                   → format: u16 version of this layout
//   0x01                                   → nextSpace: u32
//   0x02 db 0x00 namespace                 → namespace entry (entry.ts)
//   0x03 space:u32                         → garbage: a space to be deleted, in steps (garbage.ts)
//   0x04 space:u32                         → staging entry: a load under way (staging.ts)
//   0x05 db 0x00 namespace 0x00 commitId   → time:u64 result (commit-ids.ts)
//   0x06 time:u64 (key of a 0x05 entry)    → nothing: commits by age
//   0x10 space:u32 table:u8 …              → one space = the content of one generation:
//        0x01 key                          → record (record.ts)             live records
//        0x02 version:u64                  → key                            feed of live records
//        0x03 key                          → version:u64                    deleted keys
//        0x04 version:u64                  → tombstone (record.ts)          feed of deletes
//        0x05 tagLength:u16 tag key        → expiresAt:u64                  tag index
//        0x06 tag                          → count:u64                      records per tag
//        0x07 expiresAt:u64 key            → nothing                        expiry index
//        0x08 version:u64                  → reign:u8[8] endedAt:u64        last version of each reign that ended (reigns.ts)
//
// Layout 1 had no reigns; a store of it is taken over as it is.
//
// Records stand in key order: a get is one lookup, a full backup one sequential read, and what is restored from
// it is inserted in order. An incremental walks the feed and fetches the records it names.

import type { NamespaceId } from "../backend.js";
import {
  compareBytes,
  readU32,
  readU64,
  readUtf8,
  utf8Length,
  writeU16,
  writeU32,
  writeU64,
  writeUtf8,
} from "../bytes.js";
import { MAX_KEY_BYTES, MAX_TAG_BYTES } from "../limits.js";
import type { KeyRange } from "./ordered-kv.js";

/** Version of the layout above; raised when bytes change. */
export const LAYOUT_VERSION = 2;

const LIVE = 0x01;
const FEED = 0x02;
const DEAD = 0x03;
const GRAVES = 0x04;
const TAGS = 0x05;
const TAG_COUNTS = 0x06;
const EXPIRY = 0x07;
const REIGNS = 0x08;

export const FORMAT_KEY = Uint8Array.of(0x00);
export const NEXT_SPACE_KEY = Uint8Array.of(0x01);
const NAMESPACES = 0x02;
const GARBAGE = 0x03;
const STAGINGS = 0x04;
const COMMITS = 0x05;
const COMMIT_TIMES = 0x06;
const SPACES = 0x10;
const SPACE_PREFIX = 6;

/** The end of the range of all keys that begin with `prefix`. REQUIRES: not all bytes are 0xff. */
function successor(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (prefix[length - 1] === 0xff) length--;
  const end = prefix.slice(0, length);
  end[length - 1] = (end[length - 1] as number) + 1;
  return end;
}

export const rangeOfPrefix = (prefix: Uint8Array): KeyRange => ({
  gte: prefix.slice(),
  lt: successor(prefix),
});

/** The part of `range` behind `key`. */
export function rangeBehind(range: KeyRange, key: Uint8Array): KeyRange {
  if (compareBytes(key, range.gte) < 0) return range;
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return { gte: next, lt: range.lt };
}

export const namespaceKey = (id: NamespaceId): Uint8Array =>
  namedKey(NAMESPACES, id.db, id.namespace);

/** Names never contain a zero, so it separates them. */
function namedKey(table: number, ...names: readonly string[]): Uint8Array {
  const text = names.join("\0");
  const key = new Uint8Array(1 + utf8Length(text));
  key[0] = table;
  writeUtf8(key, 1, text);
  return key;
}

export const commitKey = (id: NamespaceId, commitId: string): Uint8Array =>
  namedKey(COMMITS, id.db, id.namespace, commitId);

export const commitsOf = (id: NamespaceId): KeyRange =>
  rangeOfPrefix(namedKey(COMMITS, id.db, id.namespace, ""));

export function commitTimeKey(time: number, commit: Uint8Array): Uint8Array {
  const key = new Uint8Array(9 + commit.length);
  key[0] = COMMIT_TIMES;
  writeU64(key, 1, time);
  key.set(commit, 9);
  return key;
}

/** The key of the commit that an entry of commits by age stands for. */
export const commitOfTime = (key: Uint8Array): Uint8Array => key.subarray(9);

export const commitsBefore = (time: number): KeyRange => ({
  gte: Uint8Array.of(COMMIT_TIMES),
  lt: commitTimeKey(time, new Uint8Array(0)),
});

export const allNamespaces: KeyRange = {
  gte: Uint8Array.of(NAMESPACES),
  lt: Uint8Array.of(NAMESPACES + 1),
};

export function namespaceOfKey(key: Uint8Array): NamespaceId {
  const zero = key.indexOf(0, 1);
  return { db: readUtf8(key, 1, zero), namespace: readUtf8(key, zero + 1, key.length) };
}

const spaceKey = (table: number, space: number): Uint8Array => {
  const key = new Uint8Array(5);
  key[0] = table;
  writeU32(key, 1, space);
  return key;
};

/** The space in a key of garbage or staging. */
export const spaceOfKey = (key: Uint8Array): number => readU32(key, 1);
export const garbageKey = (space: number): Uint8Array => spaceKey(GARBAGE, space);
export const allGarbage: KeyRange = { gte: Uint8Array.of(GARBAGE), lt: Uint8Array.of(GARBAGE + 1) };
export const stagingKey = (space: number): Uint8Array => spaceKey(STAGINGS, space);
export const allStagings: KeyRange = {
  gte: Uint8Array.of(STAGINGS),
  lt: Uint8Array.of(STAGINGS + 1),
};
export const wholeSpace = (space: number): KeyRange => rangeOfPrefix(spaceKey(SPACES, space));

/**
 * Builds the keys of one space. INVARIANT: an answer of a single-key method is a view of one shared
 * scratch buffer, valid until the next such call; engines copy it (ordered-kv.ts). Ranges are copies.
 */
export class Space {
  readonly #scratch = new Uint8Array(SPACE_PREFIX + 2 + MAX_TAG_BYTES + 8 + MAX_KEY_BYTES);

  constructor(readonly number: number) {
    this.#scratch[0] = SPACES;
    writeU32(this.#scratch, 1, number);
  }

  live(key: string): Uint8Array {
    return this.#text(LIVE, key);
  }

  feed(version: number): Uint8Array {
    return this.#number(FEED, version);
  }

  dead(key: string): Uint8Array {
    return this.#text(DEAD, key);
  }

  grave(version: number): Uint8Array {
    return this.#number(GRAVES, version);
  }

  tag(tag: string, key: string): Uint8Array {
    return this.#view(writeUtf8(this.#scratch, this.#writeTag(tag), key));
  }

  tagCount(tag: string): Uint8Array {
    return this.#text(TAG_COUNTS, tag);
  }

  expiry(expiresAt: number, key: string): Uint8Array {
    this.#number(EXPIRY, expiresAt);
    return this.#view(writeUtf8(this.#scratch, SPACE_PREFIX + 8, key));
  }

  /** Live records whose key begins with `prefix`. */
  records(prefix: string): KeyRange {
    return rangeOfPrefix(this.#text(LIVE, prefix));
  }

  /** Versions in (after, through]. */
  feedRange(after: number, through: number): KeyRange {
    return { gte: this.feed(after + 1).slice(), lt: this.feed(through + 1).slice() };
  }

  /** Versions in (after, through]. */
  graveRange(after: number, through: number): KeyRange {
    return { gte: this.grave(after + 1).slice(), lt: this.grave(through + 1).slice() };
  }

  /** The end of a reign at this version. */
  reign(version: number): Uint8Array {
    return this.#number(REIGNS, version);
  }

  /** The ends of reigns at this version or behind it. */
  reignsFrom(version: number): KeyRange {
    const gte = this.reign(version).slice();
    return { gte, lt: successor(this.#table(REIGNS)) };
  }

  /** All tombstones. */
  graves(): KeyRange {
    return rangeOfPrefix(this.#table(GRAVES));
  }

  tagKeys(tag: string): KeyRange {
    return rangeOfPrefix(this.#view(this.#writeTag(tag)));
  }

  tagCounts(): KeyRange {
    return rangeOfPrefix(this.#table(TAG_COUNTS));
  }

  /** Expiries up to and including `now`. */
  expiredBy(now: number): KeyRange {
    return { gte: this.#table(EXPIRY).slice(), lt: this.#number(EXPIRY, now + 1).slice() };
  }

  #view(length: number): Uint8Array {
    return this.#scratch.subarray(0, length);
  }

  #table(table: number): Uint8Array {
    this.#scratch[SPACE_PREFIX - 1] = table;
    return this.#view(SPACE_PREFIX);
  }

  #text(table: number, text: string): Uint8Array {
    this.#scratch[SPACE_PREFIX - 1] = table;
    return this.#view(writeUtf8(this.#scratch, SPACE_PREFIX, text));
  }

  #number(table: number, number: number): Uint8Array {
    this.#scratch[SPACE_PREFIX - 1] = table;
    return this.#view(writeU64(this.#scratch, SPACE_PREFIX, number));
  }

  #writeTag(tag: string): number {
    this.#scratch[SPACE_PREFIX - 1] = TAGS;
    const end = writeUtf8(this.#scratch, SPACE_PREFIX + 2, tag);
    writeU16(this.#scratch, SPACE_PREFIX, end - SPACE_PREFIX - 2);
    return end;
  }
}

/** The text behind the table byte: the key of a live record, or a tag. */
export const textOfKey = (key: Uint8Array): string => readUtf8(key, SPACE_PREFIX, key.length);

/** The text behind table byte and number: the key of an expiry. */
export const textBehindNumber = (key: Uint8Array): string =>
  readUtf8(key, SPACE_PREFIX + 8, key.length);

/** The number behind the table byte: a version or a time. */
export const numberOfKey = (key: Uint8Array): number => readU64(key, SPACE_PREFIX);

/** The record's key in an entry of the tag index. */
export const keyOfTagEntry = (key: Uint8Array, range: KeyRange): string =>
  readUtf8(key, range.gte.length, key.length);
