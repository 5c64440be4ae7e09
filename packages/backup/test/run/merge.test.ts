// Merging and sorting runs, against the plainest code that can be written.
import {
  type ChangePage,
  changeKey,
  changeVersion,
  type EncodedChange,
  encodeRecord,
  encodeTombstone,
} from "@nadb/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryTarget } from "../../src/index.js";
import { mergeRuns } from "../../src/run/merge.js";
import { Pieces } from "../../src/run/pieces.js";
import { inKeyOrder } from "../../src/run/sort.js";

const change = (key: string, version: number, dead: boolean): EncodedChange =>
  dead
    ? encodeTombstone({ key, version, deletedAt: 1 })
    : encodeRecord({
        key,
        value: new Uint8Array(3),
        tags: [],
        createdAt: 1,
        updatedAt: 1,
        version,
      });

const shown = (one: EncodedChange): string => `${changeKey(one)}@${changeVersion(one)}`;
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const keys = fc.constantFrom(
  "a",
  "aa",
  "b",
  "é",
  "\uffff",
  "\u{10000}",
  "z",
  "zz",
  "k1",
  "k2",
  "k3",
);
const drawn = fc.array(fc.tuple(keys, fc.boolean()), { maxLength: 40 });

async function* batches<T>(items: readonly T[], size: number): AsyncGenerator<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
  yield [];
}

async function collect(run: AsyncIterable<readonly EncodedChange[]>): Promise<string[]> {
  const all: string[] = [];
  for await (const changes of run) all.push(...changes.map(shown));
  return all;
}

/** Of each key the latest, in key order. */
function expected(changes: readonly EncodedChange[]): string[] {
  const latest = new Map(changes.map((one) => [changeKey(one), one]));
  return [...latest.keys()].sort(byBytes).map((key) => shown(latest.get(key) as EncodedChange));
}

describe("runs", () => {
  it("merge into one, the newest of each key", async () => {
    const property = fc.asyncProperty(
      fc.array(drawn, { maxLength: 7 }),
      fc.integer({ min: 1, max: 5 }),
      async (runs, size) => {
        let version = 0;
        const made = runs.map((run) => run.map(([key, dead]) => change(key, ++version, dead)));
        const sorted = made.map((run) => {
          const latest = new Map(run.map((one) => [changeKey(one), one]));
          return [...latest.values()].sort((a, b) => byBytes(changeKey(a), changeKey(b)));
        });
        const merged = mergeRuns(sorted.map((run) => batches(run, size)));
        expect(await collect(merged)).toEqual(expected(made.flat()));
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it("merge in batches however long they are", async () => {
    const run = (from: number) =>
      Array.from({ length: 5_000 }, (_, i) =>
        change(`k${String(2 * i + from).padStart(6, "0")}`, i + 1, false),
      );
    const merged = await collect(mergeRuns([batches(run(0), 700), batches(run(1), 1_000)]));
    expect(merged.length).toBe(10_000);
    expect(merged).toEqual([...merged].sort(byBytes));
  });

  it("merge in batches of about a MiB, however large their records are", async () => {
    const large = (key: string, version: number): EncodedChange =>
      encodeRecord({
        key,
        value: new Uint8Array(300_000),
        tags: [],
        createdAt: 1,
        updatedAt: 1,
        version,
      });
    const run = (name: string) =>
      Array.from({ length: 12 }, (_, i) => large(`k${String(i).padStart(2, "0")}${name}`, i + 1));
    const sizes: number[] = [];
    for await (const batch of mergeRuns([batches(run("a"), 1), batches(run("b"), 1)])) {
      sizes.push(batch.length);
    }
    expect(sizes).toEqual([4, 4, 4, 4, 4, 4]);
  });

  it("are closed when the merge is left early, and when one of them fails", async () => {
    const closed: string[] = [];
    async function* run(name: string, fails = false): AsyncGenerator<readonly EncodedChange[]> {
      try {
        for (let i = 0; ; i++) {
          if (fails && i === 2) throw new Error("broken");
          yield [change(`k${String(i).padStart(4, "0")}${name}`, i + 1, false)];
        }
      } finally {
        closed.push(name);
      }
    }
    for await (const _ of mergeRuns([run("a"), run("b")])) break;
    expect(closed.sort()).toEqual(["a", "b"]);
    await expect(collect(mergeRuns([run("c"), run("d", true)]))).rejects.toThrow("broken");
    expect(closed.sort()).toEqual(["a", "b", "c", "d"]);
  });
});

describe("a run that comes in any order", () => {
  it("is sorted, of each key the latest, in memory or with pieces laid aside", async () => {
    const property = fc.asyncProperty(
      drawn,
      fc.integer({ min: 30, max: 2_000 }),
      async (run, sortBytes) => {
        const changes = run.map(([key, dead], i) => change(key, i + 1, dead));
        const target = memoryTarget();
        const pieces = new Pieces(target, "b");
        async function* pages(): AsyncGenerator<ChangePage> {
          for await (const page of batches(changes, 3)) yield { changes: page };
        }
        expect(await collect(inKeyOrder(pages(), pieces, sortBytes))).toEqual(expected(changes));
        await pieces.clear();
        expect(await target.list("b")).toEqual([]);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it("is refused when a piece is not the one that was laid aside", async () => {
    const target = memoryTarget();
    const [mine, other] = [new Pieces(target, "b"), new Pieces(target, "b")];
    await mine.put([change("a", 1, false), change("b", 2, false)]);
    await other.put([change("a", 1, false), change("c", 3, false)]); // a writer whose lease has ended
    await expect(collect(mergeRuns(mine.pieces()))).rejects.toMatchObject({
      code: "NADB_CORRUPTION",
      message: expect.stringContaining("b/piece-000001.nadb"),
    });
    expect(await collect(mergeRuns(other.pieces()))).toEqual(["a@1", "c@3"]);
  });

  it("passes through when it says that it is sorted", async () => {
    async function* pages(): AsyncGenerator<ChangePage> {
      yield { changes: [change("a", 2, false)], inKeyOrder: true };
      yield { changes: [change("b", 1, false)], inKeyOrder: true };
    }
    const aside = new Pieces(memoryTarget(), "b");
    expect(await collect(inKeyOrder(pages(), aside))).toEqual(["a@2", "b@1"]);
  });
});
