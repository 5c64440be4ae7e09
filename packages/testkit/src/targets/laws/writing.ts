// A write is there as a whole, and at once, when it resolves; with ifAbsent it never takes the place of another.
import assert from "node:assert/strict";
import { refuses } from "../../assertions.js";
import type { TargetLaw } from "../bench.js";
import { assertSame, HeldSource, pathsOf, patterned, readAll, textOf, write } from "../files.js";

const SIZES = [0, 20, 5_000, 1_100_000];

export const writing: TargetLaw = {
  name: "writing",
  cases: {
    "replaces a file as a whole, by a longer or a shorter one": async ({ target }) => {
      for (const before of SIZES) {
        for (const after of SIZES) {
          await write(target, "a/file", patterned(before, 1));
          await write(target, "a/file", patterned(after, 2));
          assertSame(await readAll(target, "a/file"), patterned(after, 2), `${before}, ${after}`);
        }
      }
      assert.deepEqual(await pathsOf(target), ["a/file"]);
    },
    "leaves the other files of the folder as they are": async ({ target }) => {
      await write(target, "a/one", "1");
      await write(target, "a/two", patterned(700_000, 1));
      await write(target, "a/one", "one");
      assertSame(await readAll(target, "a/two"), patterned(700_000, 1), "the other file");
      assert.equal(await textOf(target, "a/one"), "one");
    },
    "shows the old file until the new one is whole": async ({ target }) => {
      for (const length of [20, 1_200_000]) {
        await write(target, "file", "old");
        const source = new HeldSource([patterned(length, 1)]);
        const written = target.write("file", source);
        await source.isWaiting;
        assert.equal(await textOf(target, "file"), "old");
        source.release();
        await written;
        assertSame(await readAll(target, "file"), patterned(length, 1), "the new file");
      }
    },
    "with ifAbsent makes a file, once": async ({ target }) => {
      for (const length of [20, 1_200_000]) {
        await write(target, "a/file", patterned(length, 1), { ifAbsent: true });
        await refuses("NADB_ALREADY_EXISTS", () =>
          write(target, "a/file", patterned(length, 2), { ifAbsent: true }),
        );
        assertSame(await readAll(target, "a/file"), patterned(length, 1), "the first one");
        assert.deepEqual(await pathsOf(target), ["a/file"]);
        await target.remove("a/file");
      }
    },
    "with ifAbsent is refused over an empty file, too": async ({ target }) => {
      await write(target, "a/file", "");
      await refuses("NADB_ALREADY_EXISTS", () => write(target, "a/file", "x", { ifAbsent: true }));
      assert.equal(await target.size("a/file"), 0);
    },
    "with ifAbsent sees what came while its source was read": async ({ target }) => {
      for (const length of [20, 1_200_000]) {
        const source = new HeldSource([patterned(length, 1)]);
        const late = target.write("a/file", source, { ifAbsent: true });
        late.catch(() => undefined);
        await source.isWaiting;
        await write(target, "a/file", "came first", { ifAbsent: true });
        source.release();
        await refuses("NADB_ALREADY_EXISTS", () => late);
        assert.equal(await textOf(target, "a/file"), "came first");
        assert.deepEqual(await pathsOf(target), ["a/file"]);
        await target.remove("a");
      }
    },
    "with ifAbsent makes a file again that was removed": async ({ target }) => {
      for (const text of ["first", "second", "third"]) {
        await write(target, "a/file", text, { ifAbsent: true });
        assert.equal(await textOf(target, "a/file"), text);
        await target.remove("a/file");
      }
    },
  },
};
