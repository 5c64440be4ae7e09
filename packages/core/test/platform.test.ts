// SHA-256 has two implementations, chosen by the runtime; what one wrote the other must accept.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as node from "../src/platform/sha256.node.js";
import * as portable from "../src/platform/sha256.portable.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);

/** Around the ends of SHA-256's blocks of 64 bytes, whose last one holds the length in its last 8. */
const LENGTHS = [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1_000, 100_000];

describe.each([
  ["node", node],
  ["portable", portable],
])("sha256 › %s", (_, { sha256, createSha256 }) => {
  it("answers the published digests", () => {
    const text = (value: string) => hex(sha256(new TextEncoder().encode(value)));
    expect(text("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(text("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it.each(LENGTHS)("%i bytes, whole and in pieces, hash as node:crypto hashes them", (length) => {
    const bytes = bytesOf(length);
    const expected = createHash("sha256").update(bytes).digest("hex");
    expect(hex(sha256(bytes))).toBe(expected);
    for (const pieceBytes of [1, 63, 64, 4_096]) {
      const hasher = createSha256();
      for (let start = 0; start < length; start += pieceBytes) {
        hasher.update(bytes.subarray(start, start + pieceBytes));
      }
      expect(hex(hasher.digest())).toBe(expected);
    }
  });

  it("hashes a view of a larger buffer, and nothing beside it", () => {
    const bytes = bytesOf(300);
    expect(hex(sha256(bytes.subarray(100, 200)))).toBe(hex(sha256(bytes.slice(100, 200))));
  });

  it("answers 32 bytes that stay as they are", () => {
    const first = sha256(bytesOf(10));
    const before = hex(first);
    sha256(bytesOf(20));
    expect(first).toHaveLength(32);
    expect(hex(first)).toBe(before);
  });
});
