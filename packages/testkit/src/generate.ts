// Content drawn by chance, and content that is awkward on purpose.
import {
  encodeRecord,
  encodeTombstone,
  type Mutation,
  type Put,
  type StoredRecord,
} from "@nadb/core";
import type { Random } from "./random.js";

/** Keys that have broken a store somewhere: separators, controls, prototypes, look-alikes, both ends of Unicode. */
export const AWKWARD_KEYS: readonly string[] = [
  ..." |\0|a\0|a\0b|\n|\x7f|..|a/b|a\\b|a:b|*|{a}|%00|__proto__|constructor|null|0|-1|A|a|aa".split(
    "|",
  ),
  ..."é|e\u0301|\u0301|日本語|\ud7ff|\ue000|\ufeffmark|\uffff|\u{10000}|😀|😀a|👩‍👩‍👧|\u{10ffff}".split(
    "|",
  ),
];

const KEYS: readonly string[] = [
  ...Array.from({ length: 24 }, (_, i) => `key:${i}`),
  ..."a|ab|b|é|\uffff|\u{1f600}|\u{1f600}:1|\0".split("|"),
];

const TAGS: readonly string[] = ["red", "green", "blue", "re", "r", "größe", "\u{1f600}", "\uffff"];

/** One of a few keys, so that draws meet. */
export const drawKey = (random: Random): string => random.pick(KEYS);

export const drawTags = (random: Random): string[] => TAGS.filter(() => random.oneIn(3));

export const drawTag = (random: Random): string => random.pick(TAGS);

/** A put; in one of five it expires within five seconds of `now`. */
export function drawPut(random: Random, now: number): Put {
  const put: Put = {
    type: "put",
    key: drawKey(random),
    value: random.bytes(random.int(40)),
    tags: drawTags(random),
  };
  return random.oneIn(5) ? { ...put, expiresAt: now + 1 + random.int(5_000) } : put;
}

export const drawMutation = (random: Random, now: number): Mutation =>
  random.oneIn(3) ? { type: "delete", key: drawKey(random) } : drawPut(random, now);

export const drawMutations = (random: Random, now: number, most: number): Mutation[] =>
  Array.from({ length: 1 + random.int(most) }, () => drawMutation(random, now));

/** A record from elsewhere, as a staged load brings it: with a history and a version of its own. */
export function drawForeignRecord(random: Random, now: number): StoredRecord {
  const put = drawPut(random, now);
  const createdAt = now - 1 - random.int(1_000_000_000);
  const record = {
    key: put.key,
    value: put.value,
    tags: [...(put.tags ?? [])].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    createdAt,
    updatedAt: createdAt + random.int(now - createdAt),
    version: 1 + random.int(1_000_000),
  };
  return put.expiresAt === undefined ? record : { ...record, expiresAt: put.expiresAt };
}

/** The bytes of a text. */
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A put of a short text. */
export const put = (key: string, value = key, more: Partial<Put> = {}): Put => ({
  type: "put",
  key,
  value: text(value),
  ...more,
});

/** Puts of `count` keys `prefix000`, `prefix001`, … in byte order. */
export const puts = (count: number, prefix = "key"): Put[] =>
  Array.from({ length: count }, (_, i) => put(`${prefix}${String(i).padStart(5, "0")}`));

export const remove = (key: string): Mutation => ({ type: "delete", key });

/** A record as a staged load takes it, with times of its own. */
export const foreign = (
  key: string,
  value = key,
  more: Partial<StoredRecord> = {},
): StoredRecord => ({
  key,
  value: text(value),
  tags: [],
  createdAt: 1_000,
  updatedAt: 2_000,
  version: 7,
  ...more,
});

export const encodeAll = (records: readonly StoredRecord[]): Uint8Array[] =>
  records.map(encodeRecord);

/** A tombstone as a staged load takes it. */
export const tombstone = (key: string): Uint8Array =>
  encodeTombstone({ key, version: 9, deletedAt: 3_000 });
