// gzip as a stream has two implementations, chosen by the runtime: each reads what any gzip writes, in any chunks and any
// number of members, and neither takes more memory than its chunks.
import { gzipSync } from "node:zlib";
import { corruption } from "@nadb/core";
import { describe, expect, it } from "vitest";
import * as node from "../src/platform/gunzip-stream.node.js";
import * as portable from "../src/platform/gunzip-stream.portable.js";
import { failureOf, refuses } from "./support/fails.js";
import { sha256Hex } from "./support/files.js";
import { inChunks } from "./support/pack.js";
import { seeded } from "./support/random.js";

const both = [
  ["node", node],
  ["portable", portable],
] as const;

const text = Buffer.from("the quick brown fox jumps over the lazy dog ".repeat(3_000));
const noise = seeded().bytes(10_000);
/** As Python's gzip module writes files: with their name in the header. */
const named = (bytes: Uint8Array): Buffer => {
  const plain = gzipSync(bytes);
  return Buffer.concat([
    plain.subarray(0, 3),
    Buffer.of(8),
    plain.subarray(4, 10),
    Buffer.from("data.json\0"),
    plain.subarray(10),
  ]);
};

describe.each(both)("gunzip as a stream › %s", (_, { gunzipStream }) => {
  async function unpack(packed: Uint8Array, chunkBytes = 1 << 16): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of gunzipStream(inChunks(packed, chunkBytes))) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  it.each<readonly [string, Uint8Array, Uint8Array]>([
    ["one member", gzipSync(text), text],
    ["a member of nothing", gzipSync(Buffer.alloc(0)), Buffer.alloc(0)],
    ["noise", gzipSync(noise), noise],
    ["a name in the header", named(text), text],
    [
      "several members",
      Buffer.concat([gzipSync(text), gzipSync(noise), named(text), gzipSync(Buffer.alloc(0))]),
      Buffer.concat([text, noise, text]),
    ],
  ])("reads %s, whatever the chunks", async (_, packed, content) => {
    for (const chunkBytes of [1, 4_096, 1 << 20])
      expect(sha256Hex(await unpack(packed, chunkBytes))).toBe(sha256Hex(content));
  });

  it.each([
    ["text", Buffer.from("this is no gzip, but it is longer than eighteen bytes")],
    ["a flipped bit in the method", Buffer.from(gzipSync(text)).fill(9, 2, 3)],
    [
      "a block of a kind that is none",
      Buffer.concat([gzipSync(text).subarray(0, 10), Buffer.alloc(30, 7)]),
    ],
  ])("refuses %s", async (_, bytes) => {
    for (const chunkBytes of [1, 1 << 16])
      await refuses("NADB_CORRUPTION", () => unpack(bytes, chunkBytes), "unpack");
  });

  it("damage of any byte makes other bytes or an error of ours, and never hangs", async () => {
    const packed = gzipSync(text.subarray(0, 500));
    for (let at = 0; at < packed.length; at++) {
      for (const value of [0, 0x55, 0xff]) {
        const damaged = Buffer.from(packed).fill(value, at, at + 1);
        const outcome = await unpack(damaged).catch((error: unknown) => error);
        if (!(outcome instanceof Buffer))
          expect(outcome).toMatchObject({ code: "NADB_CORRUPTION" });
      }
    }
  });

  it("what reading fails with is thrown on", async () => {
    const failure = corruption("the disk said no");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield gzipSync(text).subarray(0, 50);
      throw failure;
    }
    const error = await failureOf(async () => {
      for await (const _ of gunzipStream(failing()));
    });
    expect(error).toBe(failure);
  });

  it("a reader that stops early lets the source go", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield* inChunks(gzipSync(noise), 1_000);
      } finally {
        closed = true;
      }
    }
    for await (const _ of gunzipStream(source())) break;
    expect(closed).toBe(true);
  });

  it("a bomb goes by in chunks", async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20), { level: 9 });
    let total = 0;
    let largest = 0;
    for await (const chunk of gunzipStream(inChunks(bomb, 1 << 16))) {
      total += chunk.length;
      largest = Math.max(largest, chunk.length);
    }
    expect(total).toBe(64 << 20);
    expect(largest).toBeLessThan(32 << 20);
  });
});
