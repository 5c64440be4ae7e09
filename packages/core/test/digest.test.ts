import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_DIGEST, encodeRecord, StateDigest, type StoredRecord } from "../src/index.js";
import { record } from "./arbitraries.js";
import { refuses } from "./refuses.js";

const BASE: StoredRecord = {
  key: "key",
  value: Uint8Array.of(1, 2),
  tags: ["a", "b"],
  createdAt: 1,
  updatedAt: 2,
  expiresAt: 3,
  version: 4,
};

function digestOf(...records: StoredRecord[]): string {
  const digest = new StateDigest();
  for (const one of records) digest.toggle(encodeRecord(one));
  return digest.toHex();
}

const without = (field: keyof StoredRecord): StoredRecord => {
  const { [field]: _left, ...rest } = BASE;
  return rest as StoredRecord;
};

describe("state digest", () => {
  it("of nothing is all zeros", () => {
    expect(digestOf()).toBe(EMPTY_DIGEST);
    expect(EMPTY_DIGEST).toMatch(/^0{64}$/);
  });

  it("of one record is the SHA-256 of its content, as the grammar spells it", () => {
    const content = [
      "0000000000000003",
      "0003",
      "6b6579",
      "0002",
      "0001",
      "61",
      "0001",
      "62",
      "0102",
    ];
    const expected = createHash("sha256")
      .update(Buffer.from(content.join(""), "hex"))
      .digest("hex");
    expect(digestOf(BASE)).toBe(expected);
  });

  it("is this, for ever", () => {
    const other = { ...without("expiresAt"), key: "😀", tags: [], value: new Uint8Array(0) };
    expect(digestOf(BASE, other)).toBe(
      "69d97967aa98153c7bcf294ae9aa7b72930ec319c0a33e744ec75c6c6242ede0",
    );
  });

  it("does not depend on the order of records", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), (records) => {
        expect(digestOf(...records.toReversed())).toBe(digestOf(...records));
      }),
    );
  });

  it("loses a record that is toggled again: XOR is its own inverse", () => {
    fc.assert(
      fc.property(record, record, (kept, gone) => {
        expect(digestOf(kept, gone, gone)).toBe(digestOf(kept));
      }),
    );
  });

  it("is the same whatever the version and the times of creation and change", () => {
    fc.assert(
      fc.property(record, record, (content, { version, createdAt, updatedAt }) => {
        const later = { ...content, version, createdAt, updatedAt };
        expect(digestOf(later)).toBe(digestOf(content));
      }),
    );
  });

  const DIFFERENT: [string, StoredRecord][] = [
    ["key", { ...BASE, key: "kez" }],
    ["value", { ...BASE, value: Uint8Array.of(1, 3) }],
    ["length of value", { ...BASE, value: Uint8Array.of(1, 2, 0) }],
    ["tag", { ...BASE, tags: ["a", "c"] }],
    ["number of tags", { ...BASE, tags: ["a"] }],
    ["expiry", { ...BASE, expiresAt: 4 }],
    ["absence of an expiry", without("expiresAt")],
    ["border between key and tag", { ...BASE, key: "keya", tags: ["b"] }],
    ["border between tag and value", { ...BASE, tags: ["a"], value: Uint8Array.of(0x62, 1, 2) }],
  ];

  it.each(DIFFERENT)("differs by %s", (_field, other) => {
    expect(digestOf(other)).not.toBe(digestOf(BASE));
  });

  it("goes on from its hexadecimal form and from its bytes", () => {
    const other = { ...BASE, key: "other" };
    const [half, whole] = [StateDigest.fromHex(digestOf(BASE)), digestOf(BASE, other)];
    const copy = new StateDigest(half.bytes());
    half.toggle(encodeRecord(other));
    copy.toggle(encodeRecord(other));
    expect([half.toHex(), copy.toHex()]).toEqual([whole, whole]);
  });

  it("shares its bytes with nobody", () => {
    const bytes = new Uint8Array(32);
    const digest = new StateDigest(bytes);
    bytes.fill(1);
    digest.bytes().fill(2);
    expect(digest.toHex()).toBe(EMPTY_DIGEST);
  });

  it.each(["", "00", "0".repeat(63), "0".repeat(66), "g".repeat(64)])("refuses %j", (hex) => {
    refuses("NADB_CORRUPTION", () => StateDigest.fromHex(hex));
  });
});
