// Drawn content for the property tests: everything a store may be given, and nothing it may not.
import fc from "fast-check";
import { canonicalTags, type StoredRecord, type Tombstone } from "../src/index.js";

/** Well-formed Unicode; at most `maxBytes` as UTF-8, since no code point takes more than four. */
const text = (maxBytes: number): fc.Arbitrary<string> =>
  fc.string({ unit: "binary", minLength: 1, maxLength: maxBytes / 4 });

export const key = text(1_024);

export const tags: fc.Arbitrary<readonly string[]> = fc
  .array(text(256), { maxLength: 6 })
  .map(canonicalTags);

/** What a u64 of ours can hold. */
export const safeInteger = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(1_000),
  fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER),
);

export const bytes = fc.uint8Array({ maxLength: 1_500 });

const neverExpires: fc.Arbitrary<StoredRecord> = fc.record({
  key,
  value: bytes,
  tags,
  createdAt: safeInteger,
  updatedAt: safeInteger,
  version: safeInteger,
});

export const record: fc.Arbitrary<StoredRecord> = fc
  .tuple(neverExpires, fc.option(safeInteger.filter((time) => time > 0)))
  .map(([plain, expiresAt]) => (expiresAt === null ? plain : { ...plain, expiresAt }));

export const tombstone: fc.Arbitrary<Tombstone> = fc.record({
  key,
  version: safeInteger,
  deletedAt: safeInteger,
});

/** A record whose value its writer has transformed. */
export const sealedRecord: fc.Arbitrary<StoredRecord> = fc
  .tuple(record, safeInteger, fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([plain, length, contentHash]) => ({ ...plain, seal: { length, contentHash } }));
