// Several clients of the same files agree. A target that has but one client is tested for its owner alone.
import assert from "node:assert/strict";
import type { BackupTarget } from "@nadb/backup";
import type { TargetBench, TargetLaw } from "../bench.js";
import { assertSame, HeldSource, pathsOf, patterned, readAll, textOf, write } from "../files.js";
import { raceToMake, readOneOf } from "./racing.js";

const together =
  (test: (first: BackupTarget, second: BackupTarget) => Promise<void>) =>
  async (bench: TargetBench): Promise<void> => {
    const second = await bench.secondClient();
    if (second !== undefined) await test(bench.target, second);
  };

export const clients: TargetLaw = {
  name: "clients",
  cases: {
    "have a name and an owner, and do not take themselves for gone": async ({ target }) => {
      assert.ok(target.name.length > 0);
      assert.ok(target.owner.length > 0);
      assert.equal(target.isGone(target.owner), false);
    },
    "do not take somebody for gone of whom they know nothing": async ({ target }) => {
      for (const owner of ["", " ", "x", "somebody", `${target.owner}x`, "elsewhere 1"])
        assert.equal(target.isGone(owner), false, JSON.stringify(owner));
    },
    "see at once what another has written, replaced and removed": together(
      async (first, second) => {
        for (const length of [30, 1_100_000]) {
          await write(first, "a/file", patterned(length, 1));
          assertSame(await readAll(second, "a/file"), patterned(length, 1), "written");
          await write(second, "a/file", patterned(length, 2));
          assertSame(await readAll(first, "a/file"), patterned(length, 2), "replaced");
          await first.remove("a");
          assert.deepEqual(await pathsOf(second), []);
        }
      },
    ),
    "that race to make one file have one winner": together(async (first, second) => {
      for (const length of [30, 1_100_000]) {
        const winner = await raceToMake([first, second], `a/${length}`, length);
        for (const target of [first, second])
          assert.equal(await readOneOf(target, `a/${length}`, length), winner % 256);
      }
    }),
    "leave alone what another is writing": together(async (first, second) => {
      const source = new HeldSource([patterned(1_100_000, 1)]);
      const writing = first.write("a/file", source);
      await source.isWaiting;
      await write(second, "a/beside", patterned(1_100_000, 2));
      await second.remove("a/beside");
      await second.remove("a/file");
      source.release();
      await writing;
      assertSame(await readAll(second, "a/file"), patterned(1_100_000, 1), "what was written");
    }),
    "find everything when they come later": async ({ target, openAnother }) => {
      await write(target, "a/small", "small");
      await write(target, "a/large", patterned(1_100_000, 1));
      const later = await openAnother();
      if ((await later.size("a/small")) === undefined) return; // its files are its own
      assert.equal(await textOf(later, "a/small"), "small");
      assertSame(await readAll(later, "a/large"), patterned(1_100_000, 1), "the large one");
      assert.deepEqual(await pathsOf(later), ["a/large", "a/small"]);
    },
  },
};
