// Raw deflate has two implementations, chosen by the runtime; each must read what the other wrote, and neither may
// unpack further than it was told.
import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import * as node from "../src/platform/deflate.node.js";
import * as portable from "../src/platform/deflate.portable.js";

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const both = [
  ["node", node],
  ["portable", portable],
] as const;
const directions = both.flatMap(([from, writer]) =>
  both.map(([to, reader]) => [from, to, writer, reader] as const),
);

/** The same noise in every run: hashes of numbers. */
const noise = (length: number): Uint8Array =>
  Buffer.concat(
    Array.from({ length: length / 32 }, (_, i) => createHash("sha256").update(`${i}`).digest()),
  );

const contents: Readonly<Record<string, Uint8Array>> = {
  nothing: new Uint8Array(0),
  "one byte": Uint8Array.of(7),
  text: Buffer.from("the quick brown fox jumps over the lazy dog ".repeat(2_000)),
  zeros: new Uint8Array(3 << 20),
  noise: noise(1 << 18),
};

describe.each(directions)("deflate › written by %s, read by %s", (...row) => {
  const [, , writer, reader] = row;

  it.each(Object.entries(contents))("%s", async (_, content) => {
    for (const level of [1, 3, 9]) {
      for (const packed of [
        writer.deflateSync(content, level),
        await writer.deflate(content, level),
      ]) {
        expect(hash(reader.inflateSync(packed, content.length))).toBe(hash(content));
        expect(hash(await reader.inflate(packed, content.length))).toBe(hash(content));
      }
    }
  });
});

describe.each(both)("deflate › %s", (_, { deflateSync, inflate, inflateSync }) => {
  const content = contents.text as Uint8Array;
  const packed = deflateRawSync(content);

  it("writes what any inflate reads, and shrinks what can be shrunk", () => {
    const small = deflateSync(content, 3);
    expect(hash(inflateRawSync(small))).toBe(hash(content));
    expect(small.length).toBeLessThan(content.length / 20);
  });

  it("leaves its input as it is", () => {
    const before = hash(packed);
    const input = new Uint8Array(content);
    deflateSync(input, 3);
    inflateSync(packed, content.length);
    expect([hash(input), hash(packed)]).toEqual([hash(content), before]);
  });

  it("refuses one byte more than announced; fewer are the caller's to compare", async () => {
    expect(() => inflateSync(packed, content.length - 1)).toThrow();
    await expect(inflate(packed, content.length - 1)).rejects.toThrow();
    expect(inflateSync(packed, content.length + 1)).toHaveLength(content.length);
  });

  it("refuses a bomb: bytes that unpack to far more than announced", async () => {
    const bomb = deflateRawSync(Buffer.alloc(64 << 20));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => inflateSync(bomb, 1_000)).toThrow();
    await expect(inflate(bomb, 1_000)).rejects.toThrow();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
  });

  it.each([
    ["no bytes", Buffer.alloc(0)],
    ["an unknown kind of block", Buffer.of(0xff, 0xff, 0xff)],
    ["a stream cut short", packed.subarray(0, -20)],
  ])("refuses %s", async (_name, bytes) => {
    expect(() => inflateSync(bytes, content.length)).toThrow();
    await expect(inflate(bytes, content.length)).rejects.toThrow();
  });

  it("hands out plain arrays, not Node's buffers", async () => {
    const values = [inflateSync(packed, content.length), await inflate(packed, content.length)];
    expect(values.some(Buffer.isBuffer)).toBe(false);
  });
});
