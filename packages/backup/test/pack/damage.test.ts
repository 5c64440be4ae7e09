// The pack: whatever was done to the file is found before its end has been read.
import { gzipSync } from "node:zlib";
import { decodeRecord, encodeRecord, encodeTombstone } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { decodePack } from "../../src/pack/reader.js";
import { failureOf, refuses } from "../support/fails.js";
import { flipBit } from "../support/files.js";
import {
  type BlockSpec,
  blocksOf,
  build,
  decode,
  hashes,
  inChunks,
  type PackSpec,
  raw,
  u32,
} from "../support/pack.js";
import { seeded } from "../support/random.js";
import { record } from "../support/store.js";

/** Three blocks: a large one would make the exhaustive cases slow, so they are built by hand. */
const changes = ["a", "b", "c"].map((key) => record(key, `value of ${key} `.repeat(4)));
const stored = (...of: readonly Uint8Array[]): BlockSpec => {
  const payload = raw(...of);
  return { codec: 0, changeCount: of.length, rawLength: payload.length, payload };
};
const packed = (...of: readonly Uint8Array[]): BlockSpec => {
  const plain = stored(...of);
  return { ...plain, codec: 1, payload: gzipSync(plain.payload) };
};
const blocks = changes.map((change, i) => (i === 1 ? packed(change) : stored(change)));
const tombstone = encodeTombstone({ key: "d", version: 9, deletedAt: 3_000 });
const small = build({
  blocks: [...blocks, stored(tombstone)],
  recordCount: 3,
  tombstoneCount: 1,
});

describe("pack damage", () => {
  it("the pack is sound to begin with", async () => {
    expect(hashes(await decode(small))).toEqual(hashes([...changes, tombstone]));
  });

  it("every single flipped bit is found", { timeout: 120_000 }, async () => {
    const missed: number[] = [];
    for (let bit = 0; bit < small.length * 8; bit++) {
      const error = await failureOf(() => decode(flipBit(small, bit))).catch(() => undefined);
      const code = (error as { code?: string } | undefined)?.code;
      const isVersion = bit >> 3 === 8 || bit >> 3 === 9;
      if (code !== "NADB_CORRUPTION" && !(isVersion && code === "NADB_NEWER_FORMAT"))
        missed.push(bit);
    }
    expect(missed).toEqual([]);
  });

  it("a cut at every byte is found", { timeout: 120_000 }, async () => {
    for (let length = 0; length < small.length; length++) {
      await refuses("NADB_CORRUPTION", () => decode(small.subarray(0, length)));
      await refuses("NADB_CORRUPTION", () => decode(small.subarray(0, length), 7, small.length));
    }
  });

  it("a missing stretch at every byte is found", async () => {
    for (let start = 0; start < small.length; start++) {
      const holed = Buffer.concat([small.subarray(0, start), small.subarray(start + 5)]);
      await refuses("NADB_CORRUPTION", () => decode(holed));
    }
  });

  it.each([
    ["one byte", Buffer.of(0)],
    ["a second pack", small],
    ["a second trailer", small.subarray(-32)],
  ])("%s at the end is found", async (_, appended) => {
    const longer = Buffer.concat([small, appended]);
    await refuses("NADB_CORRUPTION", () => decode(longer), "bytes follow the end");
    await refuses("NADB_CORRUPTION", () => decode(longer, 5, small.length), "bytes follow the end");
  });

  const parts = blocksOf(small).map(({ offset, length }) =>
    small.subarray(offset, offset + length),
  ) as [Buffer, Buffer, Buffer, Buffer];
  const [a, b, c, d] = parts;
  const end = small.subarray(10 + Buffer.concat(parts).length);
  const withBlocks = (...of: readonly Buffer[]): Buffer =>
    Buffer.concat([small.subarray(0, 10), ...of, end]);

  it.each([
    ["two swapped", withBlocks(b, a, c, d)],
    ["one missing", withBlocks(a, c, d)],
    ["one twice", withBlocks(a, a, b, c, d)],
    ["none", withBlocks()],
  ])("blocks: %s", async (_, file) => {
    await refuses("NADB_CORRUPTION", () => decode(file), "index");
  });

  it.each([
    ["empty", Buffer.alloc(0)],
    ["a picture", Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n"), Buffer.alloc(500)])],
    ["a gzip file", gzipSync(small)],
    ["zeros", Buffer.alloc(1_000)],
    ["JSON", Buffer.from(JSON.stringify({ format: "nadb-pack" }))],
    ["noise", Buffer.from(seeded().bytes(1_000))],
  ])("a foreign file: %s", async (_, file) => {
    await refuses("NADB_CORRUPTION", () => decode(file));
  });

  it("a newer version is told as such", async () => {
    for (const version of [2, 65_535]) {
      const newer = build({ version, blocks, recordCount: 3 });
      await refuses("NADB_NEWER_FORMAT", () => decode(newer), `version ${version}`);
    }
  });

  it("version 0 is no version", async () => {
    await refuses("NADB_CORRUPTION", () => decode(build({ version: 0, blocks, recordCount: 3 })));
  });

  it("tells where", async () => {
    const [, second] = blocksOf(small);
    const offset = (second as { offset: number }).offset;
    const damaged = flipBit(small, (offset + 20) * 8);
    await refuses("NADB_CORRUPTION", () => decode(damaged), `block at byte ${offset}`);
  });
});

describe("pack forged, with checksums that are right", () => {
  const [first] = blocks as [BlockSpec];
  const plain = first.payload;
  const of = (block: Partial<BlockSpec>, more: Partial<PackSpec> = {}): Buffer =>
    build({ blocks: [{ ...first, ...block }], recordCount: 1, ...more });
  const payload = (bytes: Uint8Array): Partial<BlockSpec> => ({
    payload: bytes,
    rawLength: bytes.length,
  });
  const bomb = gzipSync(Buffer.alloc(4 << 20));
  const seal = { length: 9, contentHash: new Uint8Array(32) };
  const sealed = raw(encodeRecord({ ...decodeRecord(record("a")), seal }));

  const forgeries: readonly [name: string, file: Buffer, says: string][] = [
    ["a count of changes too high", of({ changeCount: 2 }), "holds 1 changes"],
    ["a count of changes too low", of({ changeCount: 0 }), "can not hold 0 changes"],
    ["a count of changes beyond the bytes", of({ changeCount: 0xffffffff }), "can not hold"],
    ["a change that reaches beyond its block", of(payload(u32(9))), "reaches beyond"],
    [
      "a block that ends inside a length",
      of({ ...payload(Buffer.concat([plain, Buffer.of(0, 0)])) }),
      "ends inside a length",
    ],
    ["a sealed record, which only its writer can read", of(payload(sealed)), "a sealed record"],
    ["an unknown codec", of({ codec: 3 }), "unknown codec 3"],
    ["another raw length, stored", of({ rawLength: 50 }), "can not unpack"],
    [
      "another raw length, gzip",
      of({ codec: 1, payload: gzipSync(plain), rawLength: plain.length - 1 }),
      "block at byte 10",
    ],
    [
      "a raw length too high, gzip",
      of({ codec: 1, payload: gzipSync(plain), rawLength: plain.length + 1 }),
      "unpacks to",
    ],
    ["a gzip that is none", of({ codec: 1 }), "does not unpack"],
    ["a gzip cut short", of({ codec: 1, payload: gzipSync(plain).subarray(0, -9) }), "not unpack"],
    [
      "a gzip bomb",
      of({ codec: 1, payload: bomb, rawLength: 1_000, changeCount: 1 }),
      "block at byte 10",
    ],
    [
      "a raw length no gzip reaches",
      of({ codec: 1, payload: gzipSync(plain), rawLength: 500 << 20 }),
      "can not unpack",
    ],
    [
      "an index of other blocks",
      of({}, { entries: [[10, 1, first.rawLength, first.rawLength - 1]] }),
      "index",
    ],
    ["an index of no blocks", of({}, { entries: [] }), "index"],
    [
      "an index that counts more",
      of({}, { entries: Array.from({ length: 9 }, () => [10, 1, 9, 9] as const) }),
      "index",
    ],
    ["a trailer that points elsewhere", of({}, { indexOffset: 10 }), "beside the index"],
    ["a trailer that counts more records", of({}, { recordCount: 2 }), "trailer counts"],
    ["a trailer that counts tombstones", of({}, { tombstoneCount: 1 }), "trailer counts"],
    ["a number beyond 2^53", of({}, { indexOffset: 2 ** 60 }), "out of range"],
  ];

  it.each(forgeries)("%s", async (_, file, says) => {
    await refuses("NADB_CORRUPTION", () => decode(file), says);
  });

  it("a gzip bomb unpacks no further than its block's header says", async () => {
    const file = of({ codec: 1, payload: bomb, rawLength: 1_000, changeCount: 1 });
    const before = process.memoryUsage();
    await refuses("NADB_CORRUPTION", () => decode(file));
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 << 20);
  });
});

describe("pack lengths are bounded before anything is read or allocated for them", () => {
  const MIB = 1 << 20;
  const header = (storedLength: number, rawLength = storedLength, codec = 0): Buffer =>
    Buffer.concat([
      Buffer.from("NADBpack\0\x01"),
      Buffer.of(0x42, codec),
      ...[1, rawLength, storedLength].map(u32),
    ]);

  /** Reads `file`, which pretends to have `size` bytes; counts how many of them were asked for. */
  async function readWithSize(file: Buffer, size: number) {
    let served = 0;
    async function* chunks() {
      for await (const chunk of inChunks(Buffer.concat([file, Buffer.alloc(64 * 1024)]), 1_024)) {
        served += chunk.length;
        yield chunk;
      }
    }
    const before = process.memoryUsage().arrayBuffers;
    const error = await failureOf(async () => {
      for await (const _ of decodePack(chunks(), size));
    });
    const grown = process.memoryUsage().arrayBuffers - before;
    return { served, grown, code: (error as { code: string }).code, text: String(error) };
  }

  it.each([
    ["500 MiB in a file of a few bytes", header(500 * MIB), 1_000, "are left"],
    ["one byte more than is left", header(1_000), 24 + 999, "are left"],
    ["beyond the limit of blocks", header(513 * MIB), 2 ** 40, "beyond the limit"],
    ["4 GiB", header(0xffffffff), 2 ** 40, "beyond the limit"],
    ["gzip to 500 MiB", header(1_000, 500 * MIB, 1), 2_000, "can not unpack"],
    ["zstd to 500 MiB", header(1_000, 500 * MIB, 2), 2_000, "can not unpack"],
    ["gzip beyond the limit of blocks", header(2 * MIB, 513 * MIB, 1), 2 ** 40, "beyond the limit"],
  ])("%s", async (_, file, size, says) => {
    const { served, grown, code, text } = await readWithSize(file, size);
    expect(code).toBe("NADB_CORRUPTION");
    expect(text).toContain(says);
    expect(served).toBeLessThanOrEqual(1_024);
    expect(grown).toBeLessThan(2 * MIB);
  });

  it("a length within the size the file claims, but not in the file", async () => {
    const { code, text } = await readWithSize(header(100 * MIB), 2 ** 40);
    expect(code).toBe("NADB_CORRUPTION");
    expect(text).toContain("ends early");
  });
});
