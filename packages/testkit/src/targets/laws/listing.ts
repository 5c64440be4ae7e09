// What is in a folder: names, kinds and sizes of what stands directly in it.
import assert from "node:assert/strict";
import type { BackupTarget, TargetEntry } from "@nadb/backup";
import type { TargetLaw } from "../bench.js";
import { HeldSource, write } from "../files.js";

const MANY = 300;

const list = async (target: BackupTarget, folder: string): Promise<TargetEntry[]> =>
  [...(await target.list(folder))].sort((a, b) => (a.name < b.name ? -1 : 1));

export const listing: TargetLaw = {
  name: "listing",
  cases: {
    "finds nothing to begin with, and nothing where there is no folder": async ({ target }) => {
      for (const folder of ["", "a", "a/b"]) assert.deepEqual(await target.list(folder), []);
      await write(target, "b/file", "x");
      for (const folder of ["a", "b/c", "bb", "b/file"])
        assert.deepEqual(await target.list(folder), []);
    },
    "tells one folder at a time, with names, kinds and sizes": async ({ target }) => {
      await write(target, "top", "four");
      await write(target, "a/one", "1");
      await write(target, "a/deep/two", "22");
      await write(target, "a/deep/three", new Uint8Array(700_000));
      assert.deepEqual(await list(target, ""), [
        { name: "a", type: "folder", size: 0 },
        { name: "top", type: "file", size: 4 },
      ]);
      assert.deepEqual(await list(target, "a"), [
        { name: "deep", type: "folder", size: 0 },
        { name: "one", type: "file", size: 1 },
      ]);
      assert.deepEqual(await list(target, "a/deep"), [
        { name: "three", type: "file", size: 700_000 },
        { name: "two", type: "file", size: 2 },
      ]);
    },
    "of many files and folders tells each once": async ({ target }) => {
      const name = (i: number): string => `n${String(i).padStart(4, "0")}`;
      for (let i = 0; i < MANY; i++)
        await write(target, i % 2 === 0 ? `many/${name(i)}` : `many/${name(i)}/file`, `${i}`);
      const expected = Array.from({ length: MANY }, (_, i) => ({
        name: name(i),
        type: i % 2 === 0 ? "file" : "folder",
        size: i % 2 === 0 ? `${i}`.length : 0,
      }));
      assert.deepEqual(await list(target, "many"), expected);
    },
    "tells the size of what stands there now": async ({ target }) => {
      for (const length of [10, 700_000, 0, 5_000]) {
        await write(target, "a/file", new Uint8Array(length));
        assert.deepEqual(await target.list("a"), [{ name: "file", type: "file", size: length }]);
      }
    },
    "does not show what is being written": async ({ target }) => {
      for (const length of [10, 1_200_000]) {
        const source = new HeldSource([new Uint8Array(length)]);
        const writing = target.write("a/file", source);
        await source.isWaiting;
        assert.deepEqual(await target.list("a"), []);
        assert.deepEqual(await target.list(""), []);
        assert.equal(await target.size("a/file"), undefined);
        source.release();
        await writing;
        assert.deepEqual(await target.list("a"), [{ name: "file", type: "file", size: length }]);
        await target.remove("a");
      }
    },
  },
};
