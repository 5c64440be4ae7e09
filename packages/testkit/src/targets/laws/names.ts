// Paths are segments joined by "/": letters, digits, ".", "_" and "-", up to 128 of them, or a leading dot.
import assert from "node:assert/strict";
import type { TargetLaw } from "../bench.js";
import { pathsOf, textOf, write } from "../files.js";

/** In the order of their bytes some of them stand on both sides of "/". */
const NAMES = [
  "a",
  "a-b",
  "a.b",
  "a_b",
  "a0",
  "ab",
  "0",
  "00",
  "1e3",
  "-".padStart(2, "x"),
  "a.",
  "a..b",
  ".hidden",
  ".tmp",
  "constructor",
  "hasOwnProperty",
  "toString",
  "file",
  "piece",
  "pending",
  "nadb-target",
  "metadata.json",
  "x".repeat(128),
  "2031-04-17T12-00-00.000Z",
];

export const names: TargetLaw = {
  name: "names",
  cases: {
    "of files, whatever the rule allows, are all apart": async ({ target }) => {
      for (const name of NAMES) await write(target, `folder/${name}`, name);
      for (const name of NAMES) assert.equal(await textOf(target, `folder/${name}`), name);
      const listed = (await target.list("folder")).map(({ name }) => name);
      assert.deepEqual(listed.sort(), [...NAMES].sort());
    },
    "of folders, whatever the rule allows, are all apart": async ({ target }) => {
      for (const name of NAMES) await write(target, `${name}/file`, name);
      for (const name of NAMES) {
        assert.equal(await textOf(target, `${name}/file`), name);
        assert.deepEqual(await target.list(name), [
          { name: "file", type: "file", size: name.length },
        ]);
      }
      const listed = await target.list("");
      assert.ok(listed.every(({ type }) => type === "folder"));
      assert.deepEqual(listed.map(({ name }) => name).sort(), [...NAMES].sort());
    },
    "of a folder tell it from one whose name begins the same": async ({ target }) => {
      for (const name of NAMES) await write(target, `${name}/deep/file`, name);
      for (const name of ["a", "0", "x".repeat(128)]) {
        await target.remove(name);
        assert.deepEqual(await target.list(name), []);
      }
      assert.deepEqual(
        await pathsOf(target),
        NAMES.filter((name) => !["a", "0", "x".repeat(128)].includes(name))
          .map((name) => `${name}/deep/file`)
          .sort(),
      );
    },
    "may be long and stand deep": async ({ target }) => {
      const long = "d".repeat(128);
      const path = ["archive", long, long, "level", `s${"e".repeat(100)}`].join("/");
      await write(target, path, "deep");
      assert.equal(await textOf(target, path), "deep");
      assert.deepEqual(await pathsOf(target), [path]);
    },
  },
};
