// What steps are about: a few keys and tags, so that draws meet; short values; lives of some milliseconds.
// INVARIANT: times are drawn as distances, so that a sequence can be drawn before its clock.
import type { Put, RecordOptions, StoredRecord } from "@nadb/core";
import fc from "fast-check";
import { text } from "../generate.js";
import { byUtf8 } from "../runs.js";

export const KEYS: readonly string[] = [
  ...["a", "ab", "b", "key:1", "key:2", "key:3"],
  ...["é", "\uffff", "\u{1f600}", "\u{1f600}b"],
];
export const TAGS: readonly string[] = ["r", "re", "red", "größe", "\uffff", "\u{1f600}"];

export const key = fc.constantFrom(...KEYS);
export const limit = fc.integer({ min: 1, max: 6 });

/** A record to be written; with neither of the two it never expires. */
export interface DrawnEntry {
  readonly key: string;
  readonly text: string;
  readonly tags?: readonly string[];
  readonly ttlMs?: number;
  /** From now on; what is not above 0 has expired when it is written. */
  readonly expiresInMs?: number;
}

export const livesMs = fc.integer({ min: 1, max: 60 });
const value = fc.string({ maxLength: 24 });
const tags = fc.subarray([...TAGS], { maxLength: 3 });
const lasting = { key, text: value, tags };

export const lastingEntry: fc.Arbitrary<DrawnEntry> = fc.record(lasting, {
  requiredKeys: ["key", "text"],
});
export const entry: fc.Arbitrary<DrawnEntry> = fc.oneof(
  { weight: 4, arbitrary: lastingEntry },
  {
    weight: 1,
    arbitrary: fc.record(
      { ...lasting, ttlMs: livesMs },
      { requiredKeys: ["key", "text", "ttlMs"] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ ...lasting, expiresInMs: fc.integer({ min: -5, max: 60 }) }),
  },
);

/** As a store takes it. */
export function optionsOf({ tags, ttlMs, expiresInMs }: DrawnEntry, now: number): RecordOptions {
  return {
    ...(tags === undefined ? {} : { tags }),
    ...(ttlMs === undefined ? {} : { ttlSeconds: ttlMs / 1_000 }),
    ...(expiresInMs === undefined ? {} : { expiresAt: now + expiresInMs }),
  };
}

/** As the oracle takes it. */
export function putOf(drawn: DrawnEntry, now: number): Put {
  const livesFor = drawn.ttlMs ?? drawn.expiresInMs;
  return {
    type: "put",
    key: drawn.key,
    value: text(drawn.text),
    tags: drawn.tags ?? [],
    ...(livesFor === undefined ? {} : { expiresAt: now + livesFor }),
  };
}

/** As a backup brings it, written some time ago. */
export function foreignOf(drawn: DrawnEntry, now: number): StoredRecord {
  const { type: _type, tags = [], ...rest } = putOf(drawn, now);
  const times = { createdAt: now - 9_000, updatedAt: now - 4_000 };
  return { ...rest, ...times, tags: [...tags].sort(byUtf8), version: 1 };
}
