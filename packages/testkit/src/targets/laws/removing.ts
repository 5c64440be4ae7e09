// Removing takes a file, or a folder with all it holds, and nothing else.
import assert from "node:assert/strict";
import { refuses } from "../../assertions.js";
import type { TargetLaw } from "../bench.js";
import { pathsOf, readAll, textOf, write } from "../files.js";

export const removing: TargetLaw = {
  name: "removing",
  cases: {
    "takes a file, and leaves its neighbours": async ({ target }) => {
      for (const path of ["a/one", "a/one.x", "a/one-", "a/two", "b/one"])
        await write(target, path, path);
      await target.remove("a/one");
      await refuses("NADB_NOT_FOUND", () => readAll(target, "a/one"));
      assert.equal(await target.size("a/one"), undefined);
      assert.deepEqual(await pathsOf(target), ["a/one-", "a/one.x", "a/two", "b/one"]);
      assert.equal(await textOf(target, "a/one.x"), "a/one.x");
    },
    "takes a folder with all it holds": async ({ target }) => {
      for (const path of ["a/one", "a/deep/two", "a/deep/deeper/three", "ab/four", "b"])
        await write(target, path, path);
      await write(target, "a/large", new Uint8Array(1_200_000));
      await target.remove("a");
      assert.deepEqual(await pathsOf(target), ["ab/four", "b"]);
      for (const folder of ["a", "a/deep"]) assert.deepEqual(await target.list(folder), []);
      for (const path of ["a/one", "a/large", "a/deep/two"])
        assert.equal(await target.size(path), undefined);
    },
    "takes a folder of many files": async ({ target }) => {
      for (let i = 0; i < 300; i++) await write(target, `many/n${i}`, `${i}`);
      await write(target, "other", "x");
      await target.remove("many");
      assert.deepEqual(await pathsOf(target), ["other"]);
    },
    "of what is not there does nothing": async ({ target }) => {
      for (const path of ["a", "a/b"]) await target.remove(path);
      assert.deepEqual(await target.list(""), []);
      await write(target, "a/b", "x");
      for (const path of ["b", "a/c", "a/bb", "a/b/c"]) await target.remove(path);
      assert.deepEqual(await pathsOf(target), ["a/b"]);
      await target.remove("a/b");
      await target.remove("a/b");
      assert.deepEqual(await pathsOf(target), []);
    },
    "makes room for a new file of the same name": async ({ target }) => {
      await write(target, "a/file", new Uint8Array(1_200_000));
      await target.remove("a");
      await write(target, "a/file", "new");
      assert.equal(await textOf(target, "a/file"), "new");
      assert.deepEqual(await pathsOf(target), ["a/file"]);
    },
  },
};
