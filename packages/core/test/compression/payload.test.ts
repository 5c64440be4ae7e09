// What stands for a compressed value comes back as it was, or is refused with the key's name.
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { LARGE_BYTES, pack, unpack } from "../../src/compression/payload.js";
import { rejects } from "../refuses.js";

const TEXT = Buffer.from("a value ".repeat(100));
const packed = (value: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.of(1), deflateRawSync(value)]);

/** A refusal may come at once or later. */
const opened = async (payload: Uint8Array, length: number): Promise<Uint8Array> =>
  unpack("k", payload, length);

describe("payload", () => {
  it.each([0, 1, 1_000, LARGE_BYTES - 1, LARGE_BYTES, 3 * LARGE_BYTES + 1])(
    "of %i bytes unpacks to them",
    async (length) => {
      const value = Uint8Array.from({ length }, (_, i) => (i * 7) ^ (i >> 8));
      const payload = await pack(value);
      expect(payload[0]).toBe(1);
      expect(Buffer.compare(await opened(payload, length), value)).toBe(0);
    },
  );

  it("is made at once of a small value, later of a large one", () => {
    expect(pack(new Uint8Array(LARGE_BYTES - 1))).toBeInstanceOf(Uint8Array);
    expect(pack(new Uint8Array(LARGE_BYTES))).toBeInstanceOf(Promise);
  });

  it("of zeros unpacks, though nothing packs tighter", async () => {
    for (const length of [1 << 12, 1 << 22]) {
      expect(await opened(await pack(new Uint8Array(length)), length)).toHaveLength(length);
    }
  });

  it.each([
    ["is empty", new Uint8Array(0), 5, "codec undefined"],
    ["is packed by an unknown codec", Buffer.of(9, 1, 2), 5, "codec 9, which is unknown"],
    ["is no deflate", Buffer.of(1, 0xff, 0xff), 5, "can not be unpacked"],
    ["is cut short", packed(TEXT).subarray(0, -5), TEXT.length, "can not be unpacked"],
    ["unpacks to less", packed(TEXT), TEXT.length + 1, "800 bytes, its seal says 801"],
    ["unpacks to more", packed(TEXT), TEXT.length - 1, "can not be unpacked"],
    ["can not be as large as it says", packed(TEXT), 2 ** 50, `can not unpack to ${2 ** 50}`],
    ["is large and cut short", packed(Buffer.alloc(1 << 20)).subarray(0, -9), 1 << 20, "unpacked"],
    ["is large and unpacks to less", packed(Buffer.alloc(1 << 20)), (1 << 20) + 1, "its seal says"],
  ])("that %s is refused, and the key named", async (_, payload, length, message) => {
    await rejects("NADB_CORRUPTION", opened(payload, length), message);
    await rejects("NADB_CORRUPTION", opened(payload, length), 'the value of "k"');
  });
});
