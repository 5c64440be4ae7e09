import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyBytes } from "#slab";
import {
  compareBytes,
  compareUtf8,
  concatBytes,
  fromHex,
  readU16,
  readU32,
  readU64,
  readUtf8,
  toHex,
  utf8Length,
  writeU16,
  writeU32,
  writeU64,
  writeUtf8,
} from "../src/bytes.js";
import { refuses } from "./refuses.js";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Any string that JavaScript can hold: ASCII, the whole of Unicode, and halves of characters. */
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc
    .array(fc.oneof(fc.integer({ min: 0xd7f0, max: 0xe00f }), fc.nat(0xffff)))
    .map((units) => String.fromCharCode(...units)),
);
/** Close together in order, so that comparing them is a question. */
const unicode = fc.string({
  unit: fc.constantFrom(
    "a",
    "b",
    "é",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
    "\0",
  ),
});
const sign = (order: number): number => Math.sign(order);

describe("UTF-8", () => {
  it("is as long as TextEncoder makes it, also where half a character stands alone", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8Length(text)).toBe(encode(text).length);
      }),
    );
  });

  it("is written as TextEncoder writes it, and nothing beside it", () => {
    fc.assert(
      fc.property(anyText, fc.nat(9), (text, offset) => {
        const expected = encode(text);
        const target = new Uint8Array(offset + expected.length + 9).fill(0xaa);
        const end = writeUtf8(target, offset, text);
        expect(end).toBe(offset + expected.length);
        expect(target.subarray(offset, end)).toEqual(expected);
        expect(target.subarray(0, offset)).toEqual(new Uint8Array(offset).fill(0xaa));
        expect(target.subarray(end)).toEqual(new Uint8Array(9).fill(0xaa));
      }),
    );
  });

  it("is read back as it was written, a byte order mark included", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(9), (text, offset) => {
        const bytes = concatBytes([new Uint8Array(offset), encode(text), Uint8Array.of(0xff)]);
        expect(readUtf8(bytes, offset, bytes.length - 1)).toBe(text);
      }),
    );
    expect(readUtf8(encode("\ufeffmark"), 0, 7)).toBe("\ufeffmark");
  });

  it("that is none is refused, and where it stands is named", () => {
    const bytes = Uint8Array.of(0x61, 0x61, 0xc3);
    refuses("NADB_CORRUPTION", () => readUtf8(bytes, 1, 3), "bytes 1 to 3");
  });
});

describe("the order of keys", () => {
  it("is the same for strings and for their bytes", () => {
    fc.assert(
      fc.property(unicode, unicode, (a, b) => {
        const expected = Buffer.compare(encode(a), encode(b));
        expect(sign(compareUtf8(a, b))).toBe(expected);
        expect(sign(compareBytes(encode(a), encode(b)))).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is the same on all of Unicode", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(sign(compareUtf8(a, b))).toBe(Buffer.compare(encode(a), encode(b)));
      }),
    );
  });

  it("takes bytes as unsigned, and the shorter first", () => {
    expect(compareBytes(Uint8Array.of(0x7f), Uint8Array.of(0x80))).toBeLessThan(0);
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0);
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1))).toBe(0);
  });
});

describe("numbers", () => {
  const BORDERS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff];
  const OF_32_BITS = [...BORDERS, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
  const OF_64_BITS = [...OF_32_BITS, 2 ** 32, 2 ** 33 + 1, 2 ** 52 + 1, Number.MAX_SAFE_INTEGER];

  it.each(BORDERS)("u16 %i is big-endian and comes back", (value) => {
    const bytes = Buffer.alloc(4);
    expect(writeU16(bytes, 1, value)).toBe(3);
    expect([bytes.readUInt16BE(1), readU16(bytes, 1)]).toEqual([value, value]);
  });

  it.each(OF_32_BITS)("u32 %i is big-endian and comes back", (value) => {
    const bytes = Buffer.alloc(6);
    expect(writeU32(bytes, 1, value)).toBe(5);
    expect([bytes.readUInt32BE(1), readU32(bytes, 1)]).toEqual([value, value]);
  });

  it.each(OF_64_BITS)("u64 %i is big-endian and comes back", (value) => {
    const bytes = Buffer.alloc(10);
    expect(writeU64(bytes, 1, value)).toBe(9);
    expect([bytes.readBigUInt64BE(1), readU64(bytes, 1)]).toEqual([BigInt(value), value]);
  });

  it.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])(
    "u64 %i can be none of ours and is refused",
    (value) => {
      const bytes = Buffer.alloc(11);
      bytes.writeBigUInt64BE(value, 3);
      refuses("NADB_CORRUPTION", () => readU64(bytes, 3), "byte 3");
    },
  );
});

describe("copyBytes", () => {
  const SIZES = [0, 1, 7, 1_023, 1_024, 1_025, 8_192, 20_000];

  it.each(SIZES)("gives %i bytes that share nothing with their source", (size) => {
    for (const source of [new Uint8Array(size).fill(1), Buffer.alloc(size, 1)]) {
      const copy = copyBytes(source);
      source.fill(2);
      expect(copy.every((byte) => byte === 1)).toBe(true);
      copy.fill(3);
      expect(source.every((byte) => byte === 2)).toBe(true);
      expect([copy.length, copy.constructor]).toEqual([size, Uint8Array]);
    }
  });

  it("gives copies that share nothing with each other", () => {
    const sizes = Array.from({ length: 500 }, (_, i) => (i * 37) % 1_100);
    const copies = sizes.map((size, i) => copyBytes(new Uint8Array(size).fill(i % 251)));
    copies.forEach((copy, i) => {
      expect(copy.every((byte) => byte === i % 251)).toBe(true);
      copy.fill(255);
    });
  });

  it("keeps the others when a caller gives the memory of one away", () => {
    const [copy, other] = [copyBytes(Uint8Array.of(1, 2, 3)), copyBytes(Uint8Array.of(6))];
    structuredClone(copy, { transfer: [copy.buffer as ArrayBuffer] });
    expect(other).toEqual(Uint8Array.of(6));
    expect(copyBytes(Uint8Array.of(4, 5))).toEqual(Uint8Array.of(4, 5));
  });
});

describe("concatBytes", () => {
  it("joins any parts, none included, into bytes of its own", () => {
    const part = Buffer.from("ab");
    const whole = concatBytes([part, new Uint8Array(0), Uint8Array.of(1)]);
    part.fill(0);
    expect(whole).toEqual(Uint8Array.of(0x61, 0x62, 1));
    expect(concatBytes([])).toEqual(new Uint8Array(0));
  });
});

describe("hexadecimal", () => {
  it("is what Buffer writes, and comes back in either case", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const hex = toHex(bytes);
        expect(hex).toBe(Buffer.from(bytes).toString("hex"));
        expect(fromHex(hex)).toEqual(bytes);
        expect(fromHex(hex.toUpperCase())).toEqual(bytes);
      }),
    );
  });

  it.each(["a", "abc", "0g", "0x", " 1", "1\n", "é0"])("%j is refused", (text) => {
    refuses("NADB_CORRUPTION", () => fromHex(text), "not hexadecimal");
  });
});
