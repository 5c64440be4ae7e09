// gzip has two implementations, chosen by the runtime; each must read what the other wrote, and neither may
// unpack further than it was told.
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import * as node from "../src/platform/gzip.node.js";
import * as portable from "../src/platform/gzip.portable.js";
import { failureOf } from "./support/fails.js";
import { sha256Hex } from "./support/files.js";
import { SEED, seeded } from "./support/random.js";

const both = [
  ["node", node],
  ["portable", portable],
] as const;
const directions = both.flatMap(([from, writer]) =>
  both.map(([to, reader]) => [from, to, writer, reader] as const),
);

const contents: Readonly<Record<string, Uint8Array>> = {
  "one byte": Uint8Array.of(7),
  text: Buffer.from("the quick brown fox jumps over the lazy dog ".repeat(2_000)),
  zeros: new Uint8Array(3 << 20),
  noise: seeded().bytes(200_000),
};

describe.each(directions)(`gzip › written by %s, read by %s (NADB_SEED=${SEED})`, (...row) => {
  const [, , writer, reader] = row;

  it.each(Object.entries(contents))("%s", async (_, content) => {
    for (const level of [1, 3, 9]) {
      const packed = await writer.gzip(content, level);
      expect(sha256Hex(await reader.gunzip(packed, content.length))).toBe(sha256Hex(content));
    }
  });
});

describe.each(both)("gzip › %s", (_, { gzip, gunzip }) => {
  const content = contents.text as Uint8Array;

  it("writes what any gzip reads", async () => {
    expect(sha256Hex(gunzipSync(await gzip(content, 3)))).toBe(sha256Hex(content));
  });

  it("reads what any gzip writes", async () => {
    expect(sha256Hex(await gunzip(gzipSync(content), content.length))).toBe(sha256Hex(content));
  });

  it("shrinks what can be shrunk", async () => {
    expect((await gzip(content, 3)).length).toBeLessThan(content.length / 20);
  });

  it("leaves its input as it is", async () => {
    const input = new Uint8Array(content);
    const packed = await gzip(input, 3);
    const before = sha256Hex(packed);
    await gunzip(packed, input.length);
    expect(sha256Hex(input)).toBe(sha256Hex(content));
    expect(sha256Hex(packed)).toBe(before);
  });

  it("refuses a bomb: bytes that unpack to more than announced", async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20));
    const before = process.memoryUsage().arrayBuffers;
    await failureOf(() => gunzip(bomb, 1_000));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
  });

  it("refuses a bomb that lies about its length at its end", async () => {
    const bomb = gzipSync(Buffer.alloc(1 << 20));
    bomb.writeUInt32LE(1_000, bomb.length - 4);
    const outcome = await gunzip(bomb, 1_000).catch((error: unknown) => error);
    if (outcome instanceof Uint8Array) expect(outcome.length).toBeLessThanOrEqual(1_000);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("this is no gzip, but it is longer than eighteen bytes")],
    ["a header alone", gzipSync(content).subarray(0, 10)],
    ["a file cut short", gzipSync(content).subarray(0, -20)],
  ])("refuses %s", async (_, bytes) => {
    expect(await failureOf(() => gunzip(bytes, content.length))).toBeInstanceOf(Error);
  });
});
