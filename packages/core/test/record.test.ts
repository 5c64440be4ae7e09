import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type StoredRecord, toHex } from "../src/index.js";
import {
  changeKey,
  changeVersion,
  decodeChange,
  decodeOwnRecord,
  decodeRecord,
  decodeTombstone,
  encodeRecord,
  encodeTombstone,
  isTombstone,
  recordContent,
  recordExpiresAt,
  recordKey,
  recordValueLength,
  withVersion,
} from "../src/record.js";
import { record, safeInteger, tombstone } from "./arbitraries.js";

const plain = (value: StoredRecord): StoredRecord => ({
  ...value,
  value: new Uint8Array(value.value),
});

const SAMPLE: StoredRecord = {
  key: "kü",
  value: Uint8Array.of(0xca, 0xfe),
  tags: ["a", "😀"],
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_001,
  expiresAt: 1_700_000_000_002,
  version: 258,
};

describe("record", () => {
  it("has these bytes, for ever", () => {
    const hex = [
      "01", // record
      "0000000000000102", // version
      "0000018bcfe56800", // createdAt
      "0000018bcfe56801", // updatedAt
      "0000018bcfe56802", // expiresAt
      "0003", // key
      "6bc3bc",
      "0002", // tags
      "0001",
      "61",
      "0004",
      "f09f9880",
      "cafe", // value
    ];
    expect(toHex(encodeRecord(SAMPLE))).toBe(hex.join(""));
  });

  it("has expiresAt 0 when it never expires, and may be all empty but its key", () => {
    const empty = { key: "k", value: new Uint8Array(0), tags: [] };
    const bytes = encodeRecord({ ...empty, createdAt: 1, updatedAt: 2, version: 3 });
    const numbers = ["03", "01", "02", "00"].map((number) => number.padStart(16, "0"));
    expect(toHex(bytes)).toBe(`01${numbers.join("")}0001${"6b"}0000`);
    expect(decodeRecord(bytes)).not.toHaveProperty("expiresAt");
  });

  it("comes back from its bytes as it was", () => {
    fc.assert(
      fc.property(record, (original) => {
        const bytes = encodeRecord(original);
        expect(plain(decodeRecord(bytes))).toEqual(original);
        expect(plain(decodeOwnRecord(bytes, original.key))).toEqual(original);
        expect(decodeChange(bytes)).toEqual({ type: "record", record: original });
        expect(isTombstone(bytes)).toBe(false);
      }),
    );
  });

  it("tells its parts without being decoded", () => {
    fc.assert(
      fc.property(record, (original) => {
        const bytes = encodeRecord(original);
        expect(changeVersion(bytes)).toBe(original.version);
        expect(changeKey(bytes)).toBe(original.key);
        expect(Buffer.from(recordKey(bytes)).toString()).toBe(original.key);
        expect(recordValueLength(bytes)).toBe(original.value.length);
        expect(recordExpiresAt(bytes)).toBe(original.expiresAt ?? 0);
      }),
    );
  });

  it("lends its value with decodeRecord and gives it away with decodeOwnRecord", () => {
    for (const length of [2, 2_000]) {
      const bytes = encodeRecord({ ...SAMPLE, value: new Uint8Array(length).fill(7) });
      const [lent, own] = [decodeRecord(bytes).value, decodeOwnRecord(bytes, SAMPLE.key).value];
      bytes.fill(9);
      expect(lent).toEqual(new Uint8Array(length).fill(9));
      expect(own).toEqual(new Uint8Array(length).fill(7));
    }
  });

  it("is read from a Buffer in the middle of a pool as from an array of its own", () => {
    const pool = Buffer.alloc(1_000, 0xee);
    encodeRecord(SAMPLE).forEach((byte, i) => {
      pool[333 + i] = byte;
    });
    const bytes = pool.subarray(333, 333 + encodeRecord(SAMPLE).length);
    expect(plain(decodeRecord(bytes))).toEqual(SAMPLE);
    expect(recordValueLength(bytes)).toBe(2);
    expect(toHex(withVersion(bytes, 258))).toBe(toHex(bytes));
  });

  it("shows the digest its content alone, not version and times of change", () => {
    const later = { ...SAMPLE, version: 9, createdAt: 1, updatedAt: 2 };
    expect(recordContent(encodeRecord(later))).toEqual(recordContent(encodeRecord(SAMPLE)));
  });
});

describe("tombstone", () => {
  it("has these bytes, for ever", () => {
    const bytes = encodeTombstone({ key: "kü", version: 258, deletedAt: 1_700_000_000_000 });
    expect(toHex(bytes)).toBe(
      ["00", "0000000000000102", "0000018bcfe56800", "0003", "6bc3bc"].join(""),
    );
  });

  it("comes back from its bytes as it was, and tells its parts without being decoded", () => {
    fc.assert(
      fc.property(tombstone, (original) => {
        const bytes = encodeTombstone(original);
        expect(decodeTombstone(bytes)).toEqual(original);
        expect(decodeChange(bytes)).toEqual({ type: "tombstone", tombstone: original });
        expect(isTombstone(bytes)).toBe(true);
        expect(changeVersion(bytes)).toBe(original.version);
        expect(changeKey(bytes)).toBe(original.key);
      }),
    );
  });
});

describe("withVersion", () => {
  it("is the encoding of the same change under that version", () => {
    fc.assert(
      fc.property(record, tombstone, safeInteger, (kept, deleted, version) => {
        expect(withVersion(encodeRecord(kept), version)).toEqual(
          encodeRecord({ ...kept, version }),
        );
        expect(withVersion(encodeTombstone(deleted), version)).toEqual(
          encodeTombstone({ ...deleted, version }),
        );
      }),
    );
  });
});

describe("bytes handed in", () => {
  it("are never changed, nor shared with what comes out as a copy", () => {
    const readers = [decodeChange, decodeRecord, changeKey, changeVersion];
    const parts = [recordKey, recordContent, recordExpiresAt, recordValueLength];
    const bytes = Buffer.from(encodeRecord(SAMPLE));
    const before = Buffer.from(bytes);
    for (const read of [...readers, ...parts]) read(bytes);
    withVersion(bytes, 9).fill(0);
    decodeOwnRecord(bytes, SAMPLE.key).value.fill(0);
    expect(bytes.equals(before)).toBe(true);
  });

  it("are never changed by encoding", () => {
    const tags = Object.freeze(["b", "c"]);
    const value = Buffer.from("value");
    encodeRecord(Object.freeze({ ...SAMPLE, tags, value })).fill(0);
    expect(value.toString()).toBe("value");
  });
});
