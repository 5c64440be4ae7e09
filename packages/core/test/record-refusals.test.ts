// Bytes that `encodeRecord` or `encodeTombstone` cannot have written: each kind is refused, and named.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Change,
  concatBytes,
  decodeChange,
  decodeRecord,
  decodeTombstone,
  encodeRecord,
  encodeTombstone,
  isNadbError,
} from "../src/index.js";
import { decodeOwnRecord } from "../src/record.js";
import { bytes, record, sealedRecord, tombstone } from "./arbitraries.js";
import { refuses } from "./refuses.js";

const number = (value: number | bigint): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return [...bytes];
};
const text = (...content: number[]): number[] => [
  content.length >> 8,
  content.length & 0xff,
  ...content,
];
const letters = (length: number): number[] => new Array<number>(length).fill(0x61);

interface Parts {
  readonly type?: number;
  readonly version?: number | bigint;
  readonly times?: readonly (number | bigint)[];
  readonly key?: readonly number[];
  readonly tags?: readonly (readonly number[])[];
  readonly rest?: readonly number[];
}

const rawRecord = (parts: Parts): Uint8Array => {
  const {
    type = 1,
    version = 1,
    times = [1, 2, 3],
    key = text(0x6b),
    tags = [],
    rest = [7],
  } = parts;
  const numbers = [version, ...times].flatMap(number);
  return Uint8Array.from([type, ...numbers, ...key, 0, tags.length, ...tags.flat(), ...rest]);
};

const rawTombstone = (parts: Parts): Uint8Array => {
  const { type = 0, version = 1, times = [1], key = text(0x6b), rest = [] } = parts;
  return Uint8Array.from([type, ...[version, ...times].flatMap(number), ...key, ...rest]);
};

const UNSAFE = 2n ** 53n;
const NOT_UTF8: Record<string, number[]> = {
  "a stray continuation byte": [0x80],
  "a byte that never occurs": [0xff],
  "an overlong form": [0xc0, 0x80],
  "half a surrogate pair": [0xed, 0xa0, 0x80],
  "a code point past the last": [0xf4, 0x90, 0x80, 0x80],
  "a character cut short": [0x61, 0xe2, 0x82],
  "a character cut short behind 60 letters": [...letters(60), 0xe2, 0x82],
};

const RECORDS: [string, Uint8Array, string][] = [
  ["no bytes at all", new Uint8Array(0), "begins with byte 1 or 2"],
  ["an unknown type", rawRecord({ type: 3 }), "begins with byte 1 or 2, not 3"],
  ["a version past 2^53", rawRecord({ version: UNSAFE }), "out of range"],
  ["a createdAt past 2^53", rawRecord({ times: [UNSAFE, 2, 3] }), "out of range"],
  ["an updatedAt past 2^53", rawRecord({ times: [1, UNSAFE, 3] }), "out of range"],
  ["an expiresAt past 2^53", rawRecord({ times: [1, 2, 2n ** 64n - 1n] }), "out of range"],
  ["an empty key", rawRecord({ key: text() }), "a key of 0 bytes"],
  ["a key of 1,025 bytes", rawRecord({ key: text(...letters(1_025)) }), "a key of 1025 bytes"],
  ["an empty tag", rawRecord({ tags: [text()] }), "a tag of 0 bytes"],
  ["a tag of 257 bytes", rawRecord({ tags: [text(...letters(257))] }), "a tag of 257 bytes"],
  ["tags out of order", rawRecord({ tags: [text(0x62), text(0x61)] }), '"a" is out of order'],
  ["a tag given twice", rawRecord({ tags: [text(0x61), text(0x61)] }), '"a" is out of order'],
  [
    "tags in the order of UTF-16",
    rawRecord({ tags: [text(0xf0, 0x9f, 0x98, 0x80), text(0xef, 0xbf, 0xbf)] }),
    "out of order",
  ],
];

const TOMBSTONES: [string, Uint8Array, string][] = [
  ["no bytes at all", new Uint8Array(0), "begins with byte 0"],
  ["a version past 2^53", rawTombstone({ version: UNSAFE }), "out of range"],
  ["a deletedAt past 2^53", rawTombstone({ times: [UNSAFE] }), "out of range"],
  ["an empty key", rawTombstone({ key: text() }), "a key of 0 bytes"],
  ["a key of 1,025 bytes", rawTombstone({ key: text(...letters(1_025)) }), "a key of 1025 bytes"],
  ["a byte behind its end", rawTombstone({ rest: [0] }), "1 bytes too many"],
];

describe("a record is refused for", () => {
  it.each(RECORDS)("%s", (_name, bytes, message) => {
    refuses("NADB_CORRUPTION", () => decodeRecord(bytes), message);
    refuses("NADB_CORRUPTION", () => decodeChange(bytes), message);
  });

  it.each(Object.entries(NOT_UTF8))("a key with %s", (_name, wrong) => {
    refuses("NADB_CORRUPTION", () => decodeRecord(rawRecord({ key: text(...wrong) })), "not UTF-8");
  });

  it.each(Object.entries(NOT_UTF8))("a tag with %s", (_name, wrong) => {
    refuses("NADB_CORRUPTION", () => decodeRecord(rawRecord({ tags: [text(...wrong)] })), "UTF-8");
  });

  it("an end anywhere before its value", () => {
    const whole = rawRecord({ key: text(0x6b, 0x6c), tags: [text(0x61), text(0x62)], rest: [] });
    for (let length = 0; length < whole.length; length++) {
      refuses("NADB_CORRUPTION", () => decodeRecord(whole.subarray(0, length)), "record");
    }
    decodeRecord(whole);
  });

  it("a tag count that its bytes do not hold", () => {
    const bytes = rawRecord({});
    bytes.set([0xff, 0xff], 1 + 4 * 8 + 3);
    refuses("NADB_CORRUPTION", () => decodeRecord(bytes), "record: ends at byte 39");
  });

  it("being a tombstone", () => {
    refuses(
      "NADB_CORRUPTION",
      () => decodeRecord(rawTombstone({})),
      "begins with byte 1 or 2, not 0",
    );
  });
});

const rawSealed = (length: number | bigint, hashBytes = 32): Uint8Array =>
  rawRecord({ type: 2, rest: [...number(length), ...letters(hashBytes)] });

describe("a sealed record is refused for", () => {
  it("an end anywhere before its bytes", () => {
    const whole = rawSealed(7);
    for (let length = 0; length < whole.length; length++) {
      refuses("NADB_CORRUPTION", () => decodeRecord(whole.subarray(0, length)), "record");
      refuses("NADB_CORRUPTION", () => decodeOwnRecord(whole.subarray(0, length), "k"));
    }
    expect(decodeRecord(whole).value).toHaveLength(0);
  });

  it("a length past 2^53", () => {
    for (const length of [UNSAFE, 2n ** 64n - 1n]) {
      refuses("NADB_CORRUPTION", () => decodeRecord(rawSealed(length)), "out of range");
    }
  });

  it("a hash that is missing", () => {
    refuses("NADB_CORRUPTION", () => decodeRecord(rawSealed(7, 0)), "32 more expected");
  });
});

describe("a tombstone is refused for", () => {
  it.each(TOMBSTONES)("%s", (_name, bytes, message) => {
    refuses("NADB_CORRUPTION", () => decodeTombstone(bytes), message);
  });

  it.each(Object.entries(NOT_UTF8))("a key with %s", (_name, wrong) => {
    refuses(
      "NADB_CORRUPTION",
      () => decodeTombstone(rawTombstone({ key: text(...wrong) })),
      "UTF-8",
    );
  });

  it("an end anywhere", () => {
    const whole = rawTombstone({ key: text(0x6b, 0x6c) });
    for (let length = 0; length < whole.length; length++) {
      refuses("NADB_CORRUPTION", () => decodeTombstone(whole.subarray(0, length)), "tombstone");
    }
    decodeTombstone(whole);
  });

  it("being a record", () => {
    refuses("NADB_CORRUPTION", () => decodeTombstone(rawRecord({})), "begins with byte 0, not 1");
  });
});

describe("one change has exactly one encoding", () => {
  const encode = (change: Change): Uint8Array =>
    change.type === "record" ? encodeRecord(change.record) : encodeTombstone(change.tombstone);

  /** Bytes either are no change, or are what encoding the change gives. */
  function assertCanonical(candidate: Uint8Array): void {
    let change: Change;
    try {
      change = decodeChange(candidate);
    } catch (error) {
      if (isNadbError(error, "NADB_CORRUPTION")) return;
      throw error;
    }
    expect(encode(change)).toEqual(candidate);
  }

  const change = fc.oneof(
    record.map(encodeRecord),
    sealedRecord.map(encodeRecord),
    tombstone.map(encodeTombstone),
  );
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it("whatever byte of it is changed", () => {
    fc.assert(
      fc.property(change, place, fc.nat(255), (bytes, where, byte) => {
        bytes[Math.floor(where * Math.min(bytes.length, 100))] = byte;
        assertCanonical(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it("wherever it is cut, and whatever follows it", () => {
    fc.assert(
      fc.property(change, place, bytes, (whole, where, more) => {
        assertCanonical(whole.subarray(0, Math.floor(where * whole.length)));
        assertCanonical(concatBytes([whole, more]));
      }),
    );
  });
});
