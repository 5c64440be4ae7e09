// A record that holds other bytes in place of its value: how it is written, and what counts and hashes it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRecord, isSealed, StateDigest, type StoredRecord, toHex } from "../src/index.js";
import {
  changeKey,
  changeVersion,
  decodeChange,
  decodeOwnRecord,
  decodeRecord,
  isTombstone,
  recordExpiresAt,
  recordKey,
  recordSeal,
  recordValue,
  recordValueLength,
  stampRecord,
  valueLength,
  withVersion,
} from "../src/record.js";
import { record, safeInteger, sealedRecord } from "./arbitraries.js";

const plain = (one: StoredRecord): StoredRecord => ({ ...one, value: new Uint8Array(one.value) });

const SAMPLE: StoredRecord = {
  key: "kü",
  value: Uint8Array.of(0xca, 0xfe),
  tags: ["a"],
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_001,
  expiresAt: 1_700_000_000_002,
  version: 258,
  seal: { length: 513, contentHash: Uint8Array.from({ length: 32 }, (_, i) => i) },
};

describe("sealed record", () => {
  it("has these bytes, for ever", () => {
    const hex = [
      "02", // sealed record
      "0000000000000102", // version
      "0000018bcfe56800", // createdAt
      "0000018bcfe56801", // updatedAt
      "0000018bcfe56802", // expiresAt
      "0003", // key
      "6bc3bc",
      "0001", // tags
      "0001",
      "61",
      "0000000000000201", // length of the value
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", // hash of the content
      "cafe", // bytes in place of the value
    ];
    expect(toHex(encodeRecord(SAMPLE))).toBe(hex.join(""));
  });

  it("comes back from its bytes as it was", () => {
    fc.assert(
      fc.property(sealedRecord, (original) => {
        const bytes = encodeRecord(original);
        expect(plain(decodeRecord(bytes))).toEqual(original);
        expect(plain(decodeOwnRecord(bytes, original.key))).toEqual(original);
        expect(decodeChange(bytes)).toEqual({ type: "record", record: original });
        expect([isSealed(bytes), isTombstone(bytes)]).toEqual([true, false]);
      }),
    );
  });

  it("tells its parts without being decoded; its length is the one that readers see", () => {
    fc.assert(
      fc.property(sealedRecord, (original) => {
        const bytes = encodeRecord(original);
        expect(changeVersion(bytes)).toBe(original.version);
        expect(changeKey(bytes)).toBe(original.key);
        expect(Buffer.from(recordKey(bytes)).toString()).toBe(original.key);
        expect(recordExpiresAt(bytes)).toBe(original.expiresAt ?? 0);
        expect(recordValue(bytes)).toEqual(original.value);
        expect(recordSeal(bytes)).toEqual(original.seal);
        expect(recordValueLength(bytes)).toBe(original.seal?.length);
        expect(valueLength(original)).toBe(original.seal?.length);
      }),
    );
  });

  it("is told from a plain one, which has no seal", () => {
    fc.assert(
      fc.property(record, (original) => {
        expect(isSealed(encodeRecord(original))).toBe(false);
        expect(decodeRecord(encodeRecord(original))).not.toHaveProperty("seal");
        expect(valueLength(original)).toBe(original.value.length);
      }),
    );
  });

  it("takes a version and times as a plain one does", () => {
    fc.assert(
      fc.property(sealedRecord, safeInteger, safeInteger, (original, version, time) => {
        const stamp = { version, createdAt: time, updatedAt: time };
        const bytes = encodeRecord(original);
        expect(withVersion(bytes, version)).toEqual(encodeRecord({ ...original, version }));
        stampRecord(bytes, stamp);
        expect(bytes).toEqual(encodeRecord({ ...original, ...stamp }));
      }),
    );
  });

  it("lends value and seal with decodeRecord and gives them away with decodeOwnRecord", () => {
    const bytes = encodeRecord(SAMPLE);
    const [lent, own] = [decodeRecord(bytes), decodeOwnRecord(bytes, SAMPLE.key)];
    bytes.fill(9);
    expect([lent.value[0], lent.seal?.contentHash[5]]).toEqual([9, 9]);
    expect(plain(own)).toEqual(SAMPLE);
  });

  it("adds to the state digest what its seal says, whatever bytes it holds", () => {
    fc.assert(
      fc.property(sealedRecord, (original) => {
        const digest = new StateDigest();
        digest.toggle(encodeRecord(original));
        expect(digest.bytes()).toEqual(original.seal?.contentHash);
        digest.toggle(encodeRecord({ ...original, value: new Uint8Array(3) }));
        expect(digest.bytes()).toEqual(new Uint8Array(32));
      }),
    );
  });
});
