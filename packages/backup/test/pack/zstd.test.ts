// zstd: written where the runtime can, read everywhere, by both decoders alike; what is no frame of a pack is refused by its
// header, before a decoder sees it.
import * as zlib from "node:zlib";
import type { EncodedChange } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { decodePack } from "../../src/pack/reader.js";
import { announceSize, checkFrame } from "../../src/pack/zstd-frame.js";
import * as node from "../../src/platform/zstd.node.js";
import * as portable from "../../src/platform/zstd.portable.js";
import { failureOf, refuses } from "../support/fails.js";
import { sha256Hex } from "../support/files.js";
import {
  type BlockSpec,
  blocksOf,
  build,
  decode,
  encode,
  hashes,
  inChunks,
  raw,
} from "../support/pack.js";
import { SEED, seeded } from "../support/random.js";
import { record } from "../support/store.js";
import { canWrite, frame, header, repeated, stored } from "../support/zstd.js";

/** Written by zstd's own library, at level 3: the text below. */
const TEXT = Buffer.from("the quick brown fox jumps over the lazy dog ".repeat(40));
const FRAME = Buffer.from(
  "KLUv/WTgBbUBALQCdGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZwIArT71wUCYZZMV/f4=",
  "base64",
);

const readers = [
  ["node", node],
  ["portable", portable],
] as const;

describe.each(readers)("zstd › read by %s", (_, { unzstd }) => {
  it("what zstd's own library wrote", async () => {
    checkFrame(FRAME, TEXT.length);
    expect(Buffer.from(await unzstd(FRAME, TEXT.length)).toString()).toBe(TEXT.toString());
  });

  it.each([
    ["stored blocks", [stored(Buffer.from("abc")), stored(Buffer.from("defg"))], "abcdefg"],
    ["repeated bytes", [repeated(0x61, 5), stored(Buffer.from("b"))], "aaaaab"],
    ["an empty last block", [stored(Buffer.from("ab")), stored(Buffer.alloc(0))], "ab"],
  ] as const)("%s", async (_name, blocks, text) => {
    const bytes = frame(text.length, blocks);
    checkFrame(bytes, text.length);
    expect(Buffer.from(await unzstd(bytes, text.length)).toString()).toBe(text);
  });

  it("refuses to unpack further than it was told", async () => {
    const bomb = frame(
      1_000,
      Array.from({ length: 500 }, () => repeated(0, 128 << 10)),
    );
    const before = process.memoryUsage().arrayBuffers;
    expect(await failureOf(() => unzstd(bomb, 1_000))).toBeInstanceOf(Error);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
  });

  it("leaves its input as it is", async () => {
    const before = sha256Hex(FRAME);
    await unzstd(FRAME, TEXT.length);
    expect(sha256Hex(FRAME)).toBe(before);
  });
});

describe("zstd frame", () => {
  const sound = frame(7, [stored(Buffer.from("abc")), stored(Buffer.from("defg"))]);

  it("a sound one passes", () => {
    checkFrame(sound, 7);
    checkFrame(header({ size: 7, window: 0x68 }, [stored(Buffer.from("abcdefg"))]), 7);
    checkFrame(header({ size: 7, checksum: true }, [repeated(0, 7)]), 7);
  });

  it("a cut at every byte is refused, and a byte more", () => {
    for (let length = 0; length < sound.length; length++)
      expect(() => checkFrame(sound.subarray(0, length), 7)).toThrow("no zstd frame");
    expect(() => checkFrame(Buffer.concat([sound, Buffer.of(0)]), 7)).toThrow("end with its bytes");
    expect(() => checkFrame(Buffer.concat([sound, sound]), 7)).toThrow("end with its bytes");
  });

  it.each([
    ["another magic", Buffer.concat([Buffer.of(0x29), sound.subarray(1)]), "begin as one"],
    ["a skippable frame", Buffer.from("502a4d1801000000aa", "hex"), "begin as one"],
    ["no size", header({ window: 0x40 }, [stored(Buffer.from("abcdefg"))]), "announces no bytes"],
    ["another size", frame(8, [stored(Buffer.from("abcdefg"))]), "announces 8 bytes"],
    ["a dictionary", withDescriptor(sound, 0x21), "dictionary"],
    ["the reserved bit", withDescriptor(sound, 0x28), "later reader"],
    ["a window of 16 MiB", header({ size: 7, window: 0x70 }, [repeated(0, 7)]), "a window of"],
    ["a window of 2 TiB", header({ size: 7, window: 0xff }, [repeated(0, 7)]), "a window of"],
    ["blocks of too much", frame(7, [repeated(0, 6), stored(Buffer.from("ab"))]), "8 to 8 bytes"],
    ["blocks of too little", frame(7, [repeated(0, 6)]), "6 to 6 bytes"],
    ["a block larger than the window", frame(7, [repeated(0, 8)]), "a block of 8 bytes"],
    ["a block of the reserved type", frame(7, [Buffer.of((7 << 3) | 6, 0, 0)]), "a block of 7"],
    ["a compressed block of one byte", frame(7, [Buffer.of((1 << 3) | 4, 0, 0, 0)]), "too short"],
  ])("%s is refused", async (_, bytes, says) => {
    await refuses("NADB_CORRUPTION", () => checkFrame(bytes, 7), "no zstd frame", says);
  });

  it("the size is announced where the writer left it out", async () => {
    const silent = header({ window: 0x40 }, [stored(Buffer.from("abcdefg"))]);
    const announced = announceSize(silent, 7);
    checkFrame(announced, 7);
    expect(Buffer.from(await portable.unzstd(announced, 7)).toString()).toBe("abcdefg");
    expect(announceSize(announced, 7)).toBe(announced);
  });
});

function withDescriptor(bytes: Buffer, descriptor: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[4] = descriptor;
  return copy;
}

describe("pack blocks packed by zstd", () => {
  const change = record("a", "x".repeat(300));
  const plain = raw(change);
  const block: BlockSpec = {
    codec: 2,
    changeCount: 1,
    rawLength: plain.length,
    payload: frame(plain.length, [stored(plain)]),
  };
  const pack = (over: Partial<BlockSpec> = {}): Buffer =>
    build({ blocks: [{ ...block, ...over }], recordCount: 1 });

  it("are read", async () => {
    expect(hashes(await decode(pack()))).toEqual(hashes([change]));
  });

  it.each([
    ["a frame cut short", { payload: block.payload.subarray(0, -1) }, "cut short"],
    ["a frame of another size", { rawLength: plain.length + 1 }, "announces"],
    ["gzip under zstd's number", { payload: zlib.gzipSync(plain) }, "begin as one"],
    [
      "a raw length that no frame reaches",
      { rawLength: 500 << 20, payload: plain },
      "can not unpack",
    ],
    [
      "literals that are none",
      { payload: frame(plain.length, [nonsense(plain.length)]) },
      "unpack",
    ],
  ])("%s is refused", async (_, over, says) => {
    await refuses("NADB_CORRUPTION", () => decode(pack(over)), says);
  });

  /** A pack of one block, read as the manifest's codec has it. */
  async function readAs(
    file: Uint8Array,
    codec: "gzip" | "zstd" | "none",
  ): Promise<EncodedChange[]> {
    const changes: EncodedChange[] = [];
    for await (const batch of decodePack(inChunks(file, 100), file.length, { codec }))
      changes.push(...batch);
    return changes;
  }

  it("are damage under a manifest of another codec, and so is the other way round", async () => {
    const gzipped = pack({ codec: 1, payload: zlib.gzipSync(plain) });
    expect(await readAs(pack(), "zstd")).toHaveLength(1);
    expect(await readAs(gzipped, "gzip")).toHaveLength(1);
    await refuses("NADB_CORRUPTION", () => readAs(pack(), "gzip"), "its manifest says gzip");
    await refuses("NADB_CORRUPTION", () => readAs(gzipped, "zstd"), "its manifest says zstd");
    for (const file of [pack(), gzipped])
      await refuses("NADB_CORRUPTION", () => readAs(file, "none"), "its manifest says none");
    for (const codec of ["gzip", "zstd", "none"] as const)
      expect(await readAs(pack({ codec: 0, payload: plain }), codec)).toHaveLength(1);
  });
});

/** A block that calls itself compressed. */
function nonsense(size: number): Buffer {
  const content = Buffer.alloc(Math.min(size, 60), 0xff);
  return Buffer.concat([header24(content.length, 2), content]);
}

const header24 = (size: number, type: number): Buffer => {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntLE((size << 3) | (type << 1), 0, 3);
  return bytes;
};

/** Needs a runtime that writes zstd; `npm test` under Node 22.15 or later runs them, an older one counts them as skipped. */
describe.skipIf(!canWrite)(`zstd › written by Node (NADB_SEED=${SEED})`, () => {
  const contents: Readonly<Record<string, Uint8Array>> = {
    "one byte": Uint8Array.of(7),
    text: TEXT,
    zeros: new Uint8Array(3 << 20),
    noise: seeded().bytes(200_000),
    "text beyond a window": Buffer.from(
      Array.from(
        { length: 150_000 },
        (_, i) => `{"id":${i},"name":"n${(i * 7919) % 1000}"}`,
      ).join(),
    ),
  };

  it.each(Object.entries(contents))("%s is read by both", async (_, content) => {
    const bytes = (await node.zstd?.(content, 3)) as Uint8Array;
    checkFrame(bytes, content.length);
    for (const [, { unzstd }] of readers)
      expect(sha256Hex(await unzstd(bytes, content.length))).toBe(sha256Hex(content));
  });

  it("a pack has it where that shrinks a block, and stores the others", async () => {
    const pack = await encode([record("a", "x".repeat(10_000))], "zstd");
    expect(blocksOf(pack)).toMatchObject([{ codec: 2 }]);
    expect(pack.length).toBeLessThan(400);
    const changes = [record("a", seeded().bytes(5_000))];
    expect(blocksOf(await encode(changes, "zstd"))).toMatchObject([{ codec: 0 }]);
  });

  it("a value of 64 MiB goes and comes back", async () => {
    const changes = [record("large", new Uint8Array(64 << 20).fill(7)), record("z")];
    const pack = await encode(changes, "zstd");
    expect(pack.length).toBeLessThan(1 << 20);
    expect(hashes(await decode(pack))).toEqual(hashes(changes));
  });
});

describe("zstd's two variants", () => {
  it("offer the same", () => {
    expect(Object.keys(node).sort()).toEqual(Object.keys(portable).sort());
  });
});
