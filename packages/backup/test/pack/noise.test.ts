// Noise is noticed before compression is spent on it; what DEFLATE shrinks is never taken for it.
import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { looksRandom } from "../../src/pack/noise.js";
import { blocksOf, encode } from "../support/pack.js";
import { SEED, seeded } from "../support/random.js";
import { record } from "../support/store.js";

const MIB = 1 << 20;
const random = seeded();
const bytes = random.bytes(4 * MIB);
/** Another stretch of the noise each time, or the same one for the same place. */
const noise = (length: number, from = random.int(bytes.length - length)): Uint8Array =>
  bytes.subarray(from, from + length);
const text = Buffer.from(
  Array.from({ length: 30_000 }, (_, i) => `{"id":${i},"name":"user${(i * 7919) % 1000}"}`).join(),
).subarray(0, MIB);

const join = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
const times = (count: number, make: (i: number) => Uint8Array): Buffer =>
  join(...Array.from({ length: count }, (_, i) => make(i)));
const mapped = (change: (byte: number, i: number) => number): Uint8Array => noise(MIB).map(change);
const floats = (): Uint8Array => {
  const numbers = Float64Array.from({ length: MIB / 8 }, () => random.int(2 ** 31) / 2 ** 31);
  return new Uint8Array(numbers.buffer);
};

/** How much smaller the writer's DEFLATE makes it. */
const gain = (block: Uint8Array): number => 1 - gzipSync(block, { level: 3 }).length / block.length;

describe(`noise (NADB_SEED=${SEED})`, () => {
  it.each([
    ["random bytes", () => noise(MIB)],
    ["a large value of them", () => noise(4 * MIB, 0)],
    [
      "values of 16 KiB of them",
      () => times(64, (i) => record(`k${i}`, noise(16_384, i * 16_384))),
    ],
    ["noise that comes again beyond DEFLATE's window", () => times(16, () => noise(65_536, 7))],
    ["a small block of them", () => noise(70_000)],
  ])("%s are taken for it, and lose nothing", (_, make) => {
    const block = make();
    expect(looksRandom(block)).toBe(true);
    expect(gain(block)).toBeLessThan(0.005);
  });

  it.each([
    ["text", () => text],
    ["zeros", () => new Uint8Array(MIB)],
    ["one byte again and again", () => new Uint8Array(MIB).fill(0xa7)],
    ["hex digits", () => Buffer.from(Buffer.from(noise(MIB / 2)).toString("hex"))],
    ["base64", () => Buffer.from(Buffer.from(noise(MIB / 2)).toString("base64"))],
    ["bytes of seven bits", () => mapped((byte) => byte & 127)],
    ["one byte in twenty a zero", () => mapped((byte, i) => (i % 20 === 0 ? 0 : byte))],
    ["floating point numbers", floats],
    ["half noise, half zeros", () => join(noise(MIB / 2), new Uint8Array(MIB / 2))],
    ["half zeros, half noise", () => join(new Uint8Array(MIB / 2), noise(MIB / 2))],
    ["half noise, half text", () => join(noise(MIB / 2), text.subarray(0, MIB / 2))],
    ["5 % text", () => join(noise(MIB / 3), text.subarray(0, MIB / 20), noise(MIB / 2))],
    ["records of 1 KiB of noise", () => times(900, (i) => record(`k${i}`, noise(1_024)))],
    ["records of 100 bytes of noise", () => times(8_000, (i) => record(`k${i}`, noise(100)))],
    ["one noisy value again and again", () => times(256, (i) => record(`k${i}`, noise(4_096, 9)))],
    ["noise that comes again after 20 KiB", () => times(52, () => noise(20_000, 11))],
    ["noise that comes again after 31 KiB", () => times(33, () => noise(31_777, 11))],
    ["text after 8 MiB of noise", () => join(noise(4 * MIB, 0), noise(4 * MIB, 0), text)],
  ])("%s shrinks, and is not taken for it", (_, make) => {
    const block = make();
    expect(gain(block)).toBeGreaterThan(0.01);
    expect(looksRandom(block)).toBe(false);
  });

  it.each([512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536])(
    "%i bytes of noise and of text in turns are not taken for it, wherever they begin",
    (length) => {
      const turns = times(MIB / length / 2, () => join(noise(length), text.subarray(0, length)));
      for (let offset = 0; offset < 2 * length; offset += length / 4)
        expect(looksRandom(turns.subarray(offset))).toBe(false);
    },
  );

  it("a small block is compressed without a look", () => {
    expect(looksRandom(noise(65_535))).toBe(false);
  });

  it("what was compressed before is noise", () => {
    const packed = deflateSync(
      times(4, (i) => text.map((byte) => byte ^ i)),
      { level: 9 },
    );
    expect(packed.length).toBeGreaterThan(65_536);
    if (looksRandom(packed)) expect(gain(packed)).toBeLessThan(0.01);
  });
});

describe("pack blocks", () => {
  it("of noise are stored, those beside them are packed", async () => {
    const changes = [
      record("a", noise(2 * MIB)),
      record("b", join(text, text)),
      record("c", noise(MIB)),
    ];
    const [a, b, c] = blocksOf(await encode(changes, "gzip"));
    expect([a?.codec, b?.codec, c?.codec]).toEqual([0, 1, 0]);
  });
});
