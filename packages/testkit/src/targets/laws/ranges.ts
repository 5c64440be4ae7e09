// Part of a file: what lies in the range, and nothing beside it.
import assert from "node:assert/strict";
import type { ReadOptions } from "@nadb/backup";
import { refuses } from "../../assertions.js";
import type { TargetLaw } from "../bench.js";
import { assertSame, chunksOf, patterned, readAll, write } from "../files.js";

type Ends = readonly [start: number | undefined, end: number | undefined];

const rangeOf = ([start, end]: Ends): ReadOptions => ({
  ...(start === undefined ? {} : { start }),
  ...(end === undefined ? {} : { end }),
});

const HALF = 1 << 19;

/** Of a file of this length. */
const rangesOf = (length: number): readonly Ends[] => [
  [0, length],
  [0, 1],
  [1, 2],
  [length - 1, length],
  [10, HALF + 10],
  [HALF - 1, HALF + 1],
  [HALF, HALF + 1],
  [HALF - 1, HALF],
  [length - 5, length + 5],
  [length, length + 1],
  [length + 7, length + 9],
  [7, 7],
  [5, undefined],
  [undefined, 5],
  [0, Number.MAX_SAFE_INTEGER],
];

const NO_RANGES: readonly Ends[] = [
  [-1, 2],
  [3, 2],
  [0.5, 2],
  [0, 2.5],
  [0, Number.NaN],
  [Number.POSITIVE_INFINITY, undefined],
];

export const ranges: TargetLaw = {
  name: "ranges",
  cases: {
    "are read as they stand in the file, and end where it ends": async ({ target }) => {
      for (const length of [100, 5_000, 2 * HALF + 1_000]) {
        const content = patterned(length, 2);
        await write(target, "x/data", content);
        for (const [start, end] of rangesOf(length)) {
          const read = await readAll(target, "x/data", rangeOf([start, end]));
          assertSame(read, content.subarray(start, end), `${start} to ${end} of ${length}`);
        }
      }
    },
    "drawn by chance are read as they stand in the file": async ({ target, random }) => {
      const content = patterned(1_300_007, 4);
      await write(target, "file", content);
      for (let round = 0; round < 60; round++) {
        const start = random.int(content.length + 10);
        const end = start + random.int(random.pick([1, 100, 70_000, 1_300_000]));
        const read = await readAll(target, "file", { start, end });
        assertSame(read, content.subarray(start, end), `${start} to ${end}`);
      }
    },
    "bring nothing beside them, and keep nothing more in memory": async ({ target }) => {
      await write(target, "file", patterned(600_000, 6));
      for (const [start, end] of [
        [100, 200],
        [0, 70_000],
        [65_530, 299_999],
        [524_000, 525_000],
      ] as const) {
        const chunks = await chunksOf(target.read("file", { start, end }));
        const sum = (weigh: (chunk: Uint8Array) => number) =>
          chunks.reduce((total, chunk) => total + weigh(chunk), 0);
        assert.equal(
          sum(({ length }) => length),
          end - start,
        );
        assert.ok(sum(({ buffer }) => buffer.byteLength) <= end - start, `${start} to ${end}`);
      }
    },
    "that are none are refused": async ({ target }) => {
      await write(target, "file", "12345");
      for (const ends of NO_RANGES)
        await refuses("NADB_INVALID_ARGUMENT", () => readAll(target, "file", rangeOf(ends)));
    },
    "of a missing file are refused, empty ones, too": async ({ target }) => {
      await refuses("NADB_NOT_FOUND", () => readAll(target, "nosuch", { start: 0, end: 0 }));
    },
  },
};
