// Of many who write, remove and read one file at once, each sees it whole, and of those who make it one wins.
import assert from "node:assert/strict";
import type { BackupTarget } from "@nadb/backup";
import { isNadbError } from "@nadb/core";
import type { TargetLaw } from "../bench.js";
import { assertSame, pathsOf, patterned, readAll, write } from "../files.js";

const WRITERS = 8;
const LENGTHS = [0, 30, 9_000, 1_100_000];

/** Who has made the file. Everybody else must have been told that it is there. */
export async function raceToMake(
  targets: readonly BackupTarget[],
  path: string,
  length: number,
): Promise<number> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: WRITERS }, (_, i) =>
      write(targets[i % targets.length] as BackupTarget, path, patterned(length, i), {
        ifAbsent: true,
      }),
    ),
  );
  const winners = outcomes.flatMap(({ status }, i) => (status === "fulfilled" ? [i] : []));
  for (const outcome of outcomes)
    if (outcome.status === "rejected" && !isNadbError(outcome.reason, "NADB_ALREADY_EXISTS"))
      throw outcome.reason;
  assert.equal(winners.length, 1, "how many have made the file");
  return winners[0] as number;
}

/** Whole, as one of the writers gave it; undefined when there is none. */
export async function readOneOf(
  target: BackupTarget,
  path: string,
  length: number,
): Promise<number | undefined> {
  try {
    const read = await readAll(target, path);
    const writer = (read[0] ?? 0) as number;
    assertSame(read, patterned(length, writer), `the file of writer ${writer}`);
    return writer;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND")) return undefined;
    throw error;
  }
}

export const racing: TargetLaw = {
  name: "racing",
  cases: {
    "of those who write one file with ifAbsent exactly one wins": async ({ target }) => {
      for (const length of LENGTHS) {
        const path = `a/file-${length}`;
        const winner = await raceToMake([target], path, length);
        assertSame(await readAll(target, path), patterned(length, winner), "the winner's");
      }
      assert.deepEqual(await pathsOf(target), LENGTHS.map((length) => `a/file-${length}`).sort());
    },
    "those who replace one file leave that of one of them": async ({ target }) => {
      for (const length of [30, 1_100_000]) {
        for (let round = 0; round < 3; round++) {
          await Promise.all(
            Array.from({ length: WRITERS }, (_, i) => write(target, "file", patterned(length, i))),
          );
          assert.notEqual(await readOneOf(target, "file", length), undefined);
        }
      }
      assert.deepEqual(await pathsOf(target), ["file"]);
    },
    "readers of a file that is replaced see whole ones, and never none": async ({ target }) => {
      for (const length of [30, 1_100_000]) {
        await write(target, "file", patterned(length, 0));
        let isOver = false;
        const work = async () => {
          for (let i = 1; i <= 12; i++) await write(target, "file", patterned(length, i));
          isOver = true;
        };
        const look = async () => {
          while (!isOver) {
            assert.equal(await target.size("file"), length);
            assert.notEqual(await readOneOf(target, "file", length), undefined);
            await new Promise(setImmediate);
          }
        };
        await Promise.all([work(), look(), look()]);
      }
    },
    "readers of a file that comes and goes see whole ones, or none": async ({ target }) => {
      for (const length of [30, 1_100_000]) {
        let isOver = false;
        const work = async () => {
          for (let i = 0; i < 12; i++) {
            await write(target, "a/file", patterned(length, i), { ifAbsent: true });
            await target.remove(i % 2 === 0 ? "a" : "a/file");
          }
          isOver = true;
        };
        const look = async () => {
          while (!isOver) {
            await readOneOf(target, "a/file", length);
            for (const entry of await target.list("a"))
              assert.deepEqual(entry, { name: "file", type: "file", size: length });
            await new Promise(setImmediate);
          }
        };
        await Promise.all([work(), look(), look()]);
        assert.deepEqual(await pathsOf(target), []);
      }
    },
    "files of one folder that are written at once are all there": async ({ target }) => {
      const paths = Array.from({ length: 24 }, (_, i) => `a/b/file-${i}`);
      await Promise.all(paths.map((path, i) => write(target, path, patterned(3_000 * i, i))));
      assert.deepEqual(await pathsOf(target), [...paths].sort());
      for (const [i, path] of paths.entries())
        assertSame(await readAll(target, path), patterned(3_000 * i, i), path);
    },
    "who writes and who removes leave a whole file, or none": async ({ target }) => {
      for (let round = 0; round < 6; round++) {
        const length = round % 2 === 0 ? 30 : 1_100_000;
        await write(target, "a/file", patterned(length, 1));
        await Promise.all([
          write(target, "a/file", patterned(length, 2)),
          target.remove("a"),
          write(target, "a/other", patterned(length, 3)),
          target.remove("a/file"),
        ]);
        await readOneOf(target, "a/file", length);
        await target.remove("a");
        assert.deepEqual(await pathsOf(target), []);
      }
    },
  },
};
