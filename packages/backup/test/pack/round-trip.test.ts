// The pack: what goes in comes out, in the form that its options ask for.
import { type EncodedChange, encodeTombstone } from "@nadb/core";
import { describe, expect, it } from "vitest";
import type { Codec } from "../../src/index.js";
import { BLOCK_BYTES, MAX_BLOCK_BYTES } from "../../src/pack/format.js";
import { encodePack } from "../../src/pack/writer.js";
import { refuses } from "../support/fails.js";
import { blocksOf, build, decode, encode, hashes, raw } from "../support/pack.js";
import { SEED, seeded } from "../support/random.js";
import { record } from "../support/store.js";
import { canWrite } from "../support/zstd.js";

const MIB = 1 << 20;
const CODECS: readonly Codec[] = canWrite ? ["none", "gzip", "zstd"] : ["none", "gzip"];
const tombstone = (key: string): EncodedChange =>
  encodeTombstone({ key, version: 9, deletedAt: 3_000 });

/** Noise that no codec shrinks: one block of it, repeated beyond gzip's window. */
const noise = (length: number): Uint8Array => {
  const block = seeded().bytes(65_536);
  return Uint8Array.from({ length }, (_, i) => block[i % 65_536] as number);
};

describe(`pack round trip (NADB_SEED=${SEED})`, () => {
  const runs: Record<string, readonly EncodedChange[]> = {
    "no change": [],
    "one record": [record("a")],
    "an empty value": [record("a", "")],
    "every byte there is": [
      record(
        "bytes",
        Uint8Array.from({ length: 256 }, (_, i) => i),
      ),
    ],
    "awkward keys": ["\0", "é", "e\u0301", "\u{10ffff}", "__proto__", "../x"].map((key) =>
      record(key),
    ),
    "tombstones among records": [record("a"), tombstone("b"), record("c"), tombstone("d")],
    "tombstones alone": [tombstone("b")],
    "one key again and again": [record("a", "1"), tombstone("a"), record("a", "2")],
    "many blocks": Array.from({ length: 30 }, (_, i) => record(`k${i}`, noise(200_000))),
  };

  it.each(Object.entries(runs))("%s", async (_, changes) => {
    for (const codec of CODECS) {
      expect(hashes(await decode(await encode(changes, codec)))).toEqual(hashes(changes));
    }
  });

  it("a value of 64 MiB, in a block of its own", async () => {
    const large = record("large", new Uint8Array(64 * MIB).fill(7));
    const changes = [record("a"), large, record("z")];
    for (const codec of CODECS) {
      const pack = await encode(changes, codec);
      expect(blocksOf(pack).map(({ changeCount }) => changeCount)).toEqual([2, 1]);
      expect(hashes(await decode(pack, 4 * MIB))).toEqual(hashes(changes));
    }
  });

  it("the same however the file is cut into chunks", async () => {
    const changes = [record("a", noise(3_000)), record("b", "x".repeat(3_000)), tombstone("c")];
    const pack = await encode(changes);
    for (const chunkBytes of [1, 2, 13, 1_024, pack.length]) {
      expect(hashes(await decode(pack, chunkBytes))).toEqual(hashes(changes));
    }
  });
});

describe("pack bytes", () => {
  it("are the grammar's, as an encoder of its own writes them", async () => {
    const changes = [record("a"), tombstone("b"), record("c")];
    const payload = raw(...changes);
    const block = { codec: 0, changeCount: 3, rawLength: payload.length, payload };
    const built = build({ blocks: [block], recordCount: 2, tombstoneCount: 1 });
    expect(Buffer.from(await encode(changes, "none")).toString("hex")).toBe(built.toString("hex"));
  });

  it("of an empty run are header, index and trailer", async () => {
    expect(Buffer.from(await encode([]))).toEqual(build({ blocks: [], recordCount: 0 }));
  });

  it("are the same each time", async () => {
    const changes = Array.from({ length: 50 }, (_, i) => record(`k${i}`, noise(100_000)));
    expect(hashes([await encode(changes)])).toEqual(hashes([await encode(changes)]));
  });
});

describe("pack blocks", () => {
  it("are closed once they hold 1 MiB, and never split a change", async () => {
    const changes = Array.from({ length: 10 }, (_, i) => record(`k${i}`, noise(400_000)));
    const blocks = blocksOf(await encode(changes, "none"));
    expect(blocks.map(({ changeCount }) => changeCount)).toEqual([3, 3, 3, 1]);
    for (const { rawLength } of blocks.slice(0, -1)) {
      expect(rawLength).toBeGreaterThanOrEqual(BLOCK_BYTES);
      expect(rawLength).toBeLessThan(BLOCK_BYTES + 400_100);
    }
  });

  it("are packed by gzip where that shrinks them", async () => {
    const pack = await encode([record("a", "x".repeat(10_000))]);
    expect(blocksOf(pack)).toMatchObject([{ codec: 1 }]);
    expect(pack.length).toBeLessThan(500);
  });

  it("are stored as they are where it does not", async () => {
    const changes = [record("a", seeded().bytes(5_000))];
    const stored = await encode(changes, "none");
    expect(blocksOf(stored)).toMatchObject([{ codec: 0 }]);
    expect(hashes([await encode(changes, "gzip")])).toEqual(hashes([stored]));
  });

  it("are stored as they are without a codec", async () => {
    expect(blocksOf(await encode([record("a", "x".repeat(10_000))], "none"))).toMatchObject([
      { codec: 0 },
    ]);
  });
});

describe("pack writer", () => {
  const TOTAL = 200;

  it("takes no more than it gives: a slow reader holds it at a few blocks", async () => {
    let taken = 0;
    let given = 0;
    let most = 0;
    async function* source(): AsyncGenerator<EncodedChange[]> {
      const change = record("k", new Uint8Array(BLOCK_BYTES)); // each makes a block
      for (; taken < TOTAL; taken++) yield [change];
    }
    const counts = () => ({ recordCount: taken, tombstoneCount: 0 });
    for await (const chunk of encodePack(source(), { codec: "gzip", counts })) {
      if (chunk.length === 32) given++; // a block ends with its checksum
      most = Math.max(most, taken - given);
      await new Promise(setImmediate);
    }
    expect({ taken, given }).toEqual({ taken: TOTAL, given: TOTAL });
    expect(most).toBeLessThanOrEqual(6);
  });

  it("refuses a change that no reader would take, by its key", async () => {
    const large = new Uint8Array(MAX_BLOCK_BYTES); // zeros that nobody touches cost nothing
    large.set(record("too-large", ""));
    await refuses("NADB_UNSUPPORTED", () => encode([record("a"), large], "none"), '"too-large"');
  });

  it("ends its source when its reader stops early", async () => {
    let ended = false;
    async function* source(): AsyncGenerator<EncodedChange[]> {
      try {
        for (;;) yield [record("k", new Uint8Array(BLOCK_BYTES))];
      } finally {
        ended = true;
      }
    }
    const counts = () => ({ recordCount: 0, tombstoneCount: 0 });
    for await (const chunk of encodePack(source(), { codec: "none", counts })) {
      if (chunk.length > BLOCK_BYTES) break;
    }
    expect(ended).toBe(true);
  });

  it("fails as its source fails", async () => {
    const failure = new Error("the disk is gone");
    async function* source(): AsyncGenerator<EncodedChange[]> {
      yield [record("a", new Uint8Array(BLOCK_BYTES))];
      throw failure;
    }
    const counts = () => ({ recordCount: 1, tombstoneCount: 0 });
    const drain = async () => {
      for await (const _ of encodePack(source(), { codec: "gzip", counts }));
    };
    await expect(drain()).rejects.toBe(failure);
  });
});
