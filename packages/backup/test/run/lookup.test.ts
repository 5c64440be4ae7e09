// Looking one key up in a run: the answer is the one that reading the run gives, at the cost of a few blocks; damage on the
// way is found.
import { type Change, type EncodedChange, encodeTombstone, isNadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import type { BackupInfo, BackupTarget, ReadOptions } from "../../src/index.js";
import { changeInRun } from "../../src/run/lookup.js";
import { stored } from "../support/damages.js";
import { refuses } from "../support/fails.js";
import { flipBit, sha256Hex } from "../support/files.js";
import { FrozenTarget } from "../support/overlay.js";
import { override } from "../support/override.js";
import { blocksOf, build, type IndexEntrySpec } from "../support/pack.js";
import { seeded } from "../support/random.js";
import { fill, openSite, record } from "../support/store.js";

const PATH = "b/data.nadb";

interface Run {
  readonly info: BackupInfo;
  readonly target: FrozenTarget;
}

/** A run whose pack has these blocks. */
function runOf(blocks: readonly (readonly EncodedChange[])[]): Run {
  const changes = blocks.flat();
  const tombstoneCount = changes.filter((change) => change[0] === 0).length;
  const recordCount = changes.length - tombstoneCount;
  return runFrom(build({ blocks: blocks.map(stored), recordCount, tombstoneCount }), {
    recordCount,
    tombstoneCount,
  });
}

const runFrom = (
  pack: Uint8Array,
  counts: Pick<BackupInfo, "recordCount" | "tombstoneCount">,
): Run => ({
  info: {
    ...counts,
    backupId: "b",
    dataFile: "data.nadb",
    format: "nadb-pack",
    storedSize: pack.length,
    checksum: `sha256:${sha256Hex(pack)}`,
  } as BackupInfo,
  target: new FrozenTarget(new Map([[PATH, pack]])),
});

const find = ({ target, info }: Run, key: string): Promise<Change | undefined> =>
  changeInRun(target, info, key, {});

/** "+" and the value, "-", or nothing. */
async function answer(run: Run, key: string): Promise<string | undefined> {
  const change = await find(run, key);
  if (change === undefined) return undefined;
  return change.type === "record" ? `+${Buffer.from(change.record.value)}` : "-";
}

/** Every third is a tombstone. Between, before and behind two of them there is room for keys that are not there. */
const keyAt = (i: number): string => `k${String(2 * i + 1).padStart(4, "0")}`;
const changeAt = (i: number): EncodedChange =>
  i % 3 === 2
    ? encodeTombstone({ key: keyAt(i), version: i + 1, deletedAt: 1_000 })
    : record(keyAt(i), `value ${i}`);
const signAt = (i: number): string => (i % 3 === 2 ? "-" : `+value ${i}`);

/** So many changes in so many blocks, the lengths by chance. */
function cut(changeCount: number, blockCount: number): EncodedChange[][] {
  const random = seeded();
  const blocks: EncodedChange[][] = Array.from({ length: blockCount }, () => []);
  const ends = new Set<number>();
  while (ends.size < blockCount - 1) ends.add(1 + random.int(changeCount - 1));
  let block = 0;
  for (let i = 0; i < changeCount; i++) {
    if (ends.has(i)) block++;
    blocks[block]?.push(changeAt(i));
  }
  return blocks;
}

describe("lookup › answers as the run does", () => {
  it.each([1, 2, 3, 4, 7, 16, 33])("in %i blocks, for every key and every gap", async (count) => {
    const changeCount = 3 * count;
    const run = runOf(cut(changeCount, count));
    for (let i = 0; i < changeCount; i++) expect(await answer(run, keyAt(i))).toBe(signAt(i));
    for (let i = 0; i <= changeCount; i++) {
      const gap = `k${String(2 * i).padStart(4, "0")}`;
      expect(await find(run, gap), gap).toBeUndefined();
    }
    for (const key of ["a", "z", "k", "k0001\u0000"]) expect(await find(run, key)).toBeUndefined();
  });

  it("in a run of nothing", async () => {
    expect(await find(runOf([]), "a")).toBeUndefined();
  });

  it("in the order of UTF-8 bytes, not of UTF-16", async () => {
    const keys = ["\uff5e", "😀", "😁"]; // U+FF5E stands before U+1F600, as bytes
    const run = runOf(keys.map((key) => [record(key)]));
    for (const key of keys) expect(await answer(run, key)).toBe(`+${key}`);
  });

  it.each([true, false])("in a backup as it is written, compressed: %s", async (compression) => {
    const { store, backups, target } = await openSite();
    await fill(store, 500, 10_000);
    const info = await backups.createBackup({ compression });
    for (const i of [0, 1, 104, 105, 250, 499]) {
      const key = `k${String(i).padStart(4, "0")}`;
      const found = await changeInRun(target, info, key, {});
      expect(found).toEqual({ type: "record", record: await store.getWithMetadata(key) });
    }
    expect(await changeInRun(target, info, "k0250x", {})).toBeUndefined();
  });

  it("with a value of its own, not a view of the block", async () => {
    const found = await find(runOf([[record("a", "value"), record("b", "x".repeat(10_000))]]), "a");
    if (found?.type !== "record") throw new Error("not found");
    expect(found.record.value.buffer.byteLength).toBeLessThan(100);
  });
});

/** The target, and the ranges that are read from it. */
function counted(inner: BackupTarget): { target: BackupTarget; ranges: [number, number][] } {
  const ranges: [number, number][] = [];
  const read = (path: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> => {
    ranges.push([options.start ?? 0, options.end ?? Number.POSITIVE_INFINITY]);
    return inner.read(path, options);
  };
  return { target: override(inner, { read }), ranges };
}

describe("lookup › cost", () => {
  it.each([1, 2, 15, 16, 1_000])(
    "of %i blocks no more than the logarithm is read",
    async (count) => {
      const { info, target } = runOf(cut(2 * count, count));
      const most = Math.floor(Math.log2(count)) + 1;
      for (const key of ["a", "z", keyAt(0), keyAt(count), keyAt(2 * count - 1), "k0002"]) {
        const { target: watched, ranges } = counted(target);
        await changeInRun(watched, info, key, {});
        expect(ranges.length - 3).toBeLessThanOrEqual(most); // besides header, trailer and index
        const read = ranges.reduce((sum, [start, end]) => sum + end - start, 0);
        expect(read).toBeLessThanOrEqual(50 + count * 20 + 42 + most * 400);
      }
    },
  );

  it("stops when it is aborted", async () => {
    const run = runOf(cut(20, 10));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(changeInRun(run.target, run.info, "a", { signal })).rejects.toBe(signal.reason);
  });
});

/** Answers as the sound run does, or is refused with the file's name; everything else is told. */
async function isSafe(run: Run, key: string, expected: string | undefined): Promise<boolean> {
  try {
    return (await answer(run, key)) === expected;
  } catch (error) {
    const isRefusal =
      isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_NEWER_FORMAT");
    return isRefusal && error.message.startsWith(PATH);
  }
}

describe("lookup › damage", () => {
  const blocks = cut(9, 4);
  const sound = runOf(blocks);
  const file = sound.target.files.get(PATH) as Uint8Array;
  const keys = [keyAt(0), keyAt(2), keyAt(4), keyAt(8), "k0004"];
  const damaged = (bytes: Uint8Array): Run => ({
    ...sound,
    target: new FrozenTarget(new Map([[PATH, bytes]])),
  });

  it("of any bit changes no answer", { timeout: 120_000 }, async () => {
    const expected = await Promise.all(keys.map((key) => answer(sound, key)));
    const wrong: string[] = [];
    for (let bit = 0; bit < file.length * 8; bit++) {
      const run = damaged(flipBit(file, bit));
      for (const [i, key] of keys.entries()) {
        if (!(await isSafe(run, key, expected[i]))) wrong.push(`bit ${bit}, ${key}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("of any bit of the block that holds the key is found", async () => {
    const [first] = blocksOf(file);
    if (first === undefined) throw new Error("no block");
    for (let bit = first.offset * 8; bit < (first.offset + first.length) * 8; bit++)
      await refuses("NADB_CORRUPTION", () => find(damaged(flipBit(file, bit)), keyAt(0)), PATH);
  });

  it("of any bit of index and trailer's offset is found", async () => {
    const last = blocksOf(file).at(-1);
    if (last === undefined) throw new Error("no block");
    for (let bit = (last.offset + last.length) * 8; bit < (file.length - 24) * 8; bit++)
      await refuses("NADB_CORRUPTION", () => find(damaged(flipBit(file, bit)), keyAt(0)), PATH);
  });

  it("by a cut at any byte is found", async () => {
    for (let length = 0; length < file.length; length++) {
      const short = file.subarray(0, length);
      await refuses("NADB_CORRUPTION", () => find(damaged(short), keyAt(0)), PATH);
      const { target } = damaged(short);
      const info = { ...sound.info, storedSize: length }; // the manifest agrees
      await refuses("NADB_CORRUPTION", () => changeInRun(target, info, keyAt(0), {}), PATH);
    }
  });

  it("that leaves less than any pack has is told so", async () => {
    const run = runFrom(file.subarray(-41), { recordCount: 6, tombstoneCount: 3 });
    await refuses("NADB_CORRUPTION", () => find(run, "a"), "more than 41 bytes");
  });

  it("that its blocks are packed by another codec than its manifest's is found", async () => {
    const { store, backups, target } = await openSite();
    await fill(store, 100);
    const info = { ...(await backups.createBackup()), codec: "none" as const };
    await refuses("NADB_CORRUPTION", () => changeInRun(target, info, "k0000", {}), "codec");
  });

  it("that other records stand in the file is found by their number", async () => {
    const info = { ...sound.info, recordCount: sound.info.recordCount + 1 };
    await refuses("NADB_CORRUPTION", () => changeInRun(sound.target, info, "a", {}), "trailer");
  });

  it("by blocks that were swapped with all checksums right is found where they are met", async () => {
    const [a, b, c] = ["a", "b", "c"].map((key) => [record(key)]) as EncodedChange[][];
    const run = runOf([c, b, a] as EncodedChange[][]);
    await refuses("NADB_CORRUPTION", () => find(run, "a"), "out of order");
  });

  it("by a length that nothing stands behind is refused before it is read", async () => {
    const offsets: readonly (readonly [string, number])[] = [
      ["beyond the file", 2 ** 50],
      ["into the header", 3],
      ["into the trailer", file.length - 20],
    ];
    for (const [name, indexOffset] of offsets) {
      const pack = build({
        blocks: blocks.map(stored),
        indexOffset,
        recordCount: 6,
        tombstoneCount: 3,
      });
      const { target, ranges } = counted(damaged(pack).target);
      const search = () => changeInRun(target, sound.info, "a", {});
      await refuses("NADB_CORRUPTION", search, PATH, "beside the index");
      expect(
        ranges.every(([, end]) => end <= file.length),
        name,
      ).toBe(true);
    }
  });

  const listed = blocksOf(file).map(
    ({ offset, changeCount, rawLength, storedLength = 0 }) =>
      [offset, changeCount, rawLength, storedLength] as IndexEntrySpec,
  );
  const [first, ...rest] = listed as [IndexEntrySpec, ...IndexEntrySpec[]];
  const [offset, changeCount, rawLength, storedLength] = first;
  const indexed = (...entries: IndexEntrySpec[]): Uint8Array =>
    build({ blocks: blocks.map(stored), entries, recordCount: 6, tombstoneCount: 3 });
  const indexAt = file.length - 32 - 32 - (5 + 20 * blocks.length);
  /** The index with another byte, and its checksum. */
  const sealedIndex = (at: number, byte: number): Uint8Array => {
    const copy = new Uint8Array(file);
    copy[indexAt + at] = byte;
    const index = copy.subarray(indexAt, -64);
    copy.set(Buffer.from(sha256Hex(index), "hex"), file.length - 64);
    return copy;
  };

  it.each([
    [
      "a block that is too large",
      indexed([offset, changeCount, rawLength, 2 ** 30]),
      "block 0 where",
    ],
    [
      "a block beside its place",
      indexed([offset + 1, changeCount, rawLength, storedLength], ...rest),
      "block 0 where",
    ],
    ["one block missing", indexed(first, ...rest.slice(0, -1)), "does not list all blocks"],
    ["no block at all", indexed(), "does not list all blocks"],
    ["another mark", sealedIndex(0, 0x42), "is none"],
    ["more entries counted than there are", sealedIndex(4, blocks.length + 1), "does not hold"],
    [
      "another number of changes",
      indexed(...listed.map(([at, count, ...lengths]) => [at, count + 1, ...lengths] as const)),
      "than the index lists",
    ],
  ])("by an index with %s, with all checksums right, is found", async (_, pack, says) => {
    const run = runFrom(pack, { recordCount: 6, tombstoneCount: 3 });
    await refuses("NADB_CORRUPTION", () => find(run, keyAt(0)), PATH, says);
  });
});
