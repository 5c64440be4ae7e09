import { describe, expect, it } from "vitest";
import { ByteReader } from "../src/bytes.js";
import { refuses } from "./refuses.js";

const BYTES = Uint8Array.of(1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0x68, 0x69, 9, 9);
const reader = (bytes = BYTES): ByteReader => new ByteReader(bytes, "pack header");

describe("a byte reader", () => {
  it("reads from front to back and knows where it stands", () => {
    const r = reader();
    expect([r.u8(), r.u16(), r.u32(), r.u64(), r.utf8(2)]).toEqual([1, 2, 3, 4, "hi"]);
    expect([r.offset, r.remaining]).toEqual([17, 2]);
    r.skip(1);
    expect(r.rest()).toEqual(Uint8Array.of(9));
    r.end();
  });

  it("answers views, of nothing, too", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const r = reader(bytes);
    const [view, nothing] = [r.bytes(2), r.bytes(0)];
    bytes.fill(7);
    expect([view, nothing]).toEqual([Uint8Array.of(7, 7), new Uint8Array(0)]);
  });

  const READS: [string, number, (r: ByteReader) => unknown][] = [
    ["u8", 1, (r) => r.u8()],
    ["u16", 2, (r) => r.u16()],
    ["u32", 4, (r) => r.u32()],
    ["u64", 8, (r) => r.u64()],
    ["skip", 5, (r) => r.skip(5)],
    ["bytes", 5, (r) => r.bytes(5)],
    ["utf8", 5, (r) => r.utf8(5)],
  ];

  it.each(READS)("refuses a %s past the end, and stays where it stands", (_name, size, read) => {
    for (let have = 0; have < size; have++) {
      const r = reader(new Uint8Array(have));
      const message = `pack header: ends at byte ${have}, ${size} more expected`;
      refuses("NADB_CORRUPTION", () => read(r), message);
      expect([r.offset, r.remaining]).toEqual([0, have]);
    }
    read(reader(new Uint8Array(size)));
  });

  it("refuses a length that no memory could hold without asking for any", () => {
    refuses("NADB_CORRUPTION", () => reader().bytes(2 ** 52), "pack header");
    refuses("NADB_CORRUPTION", () => reader().utf8(2 ** 52), "pack header");
  });

  it("refuses an end that is not the end", () => {
    refuses("NADB_CORRUPTION", () => reader().end(), "pack header: 19 bytes too many");
  });
});
