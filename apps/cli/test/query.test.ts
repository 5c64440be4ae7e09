// nadb keys as a query: tags, totals, cursors as they are shown and taken back. Which keys match is matches.test.ts.
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("keys as a query", () => {
  const { nadb, json, open } = inFolder();

  async function prepare(): Promise<void> {
    await using store = await open();
    await store.setMany([
      { key: "a1", value: "", tags: ["x"] },
      { key: "a2", value: "", tags: ["x", "y"] },
      { key: "b1", value: "", tags: ["y"] },
      { key: "b2\n\u009b", value: "", tags: ["x", "z"] },
      { key: "c1", value: "" },
    ]);
  }

  it.each([
    ["--tag x --tag y", ["a2"]],
    ["--any y --any z", ["a2", "b1", "b2\n\u009b"]],
    ["--none x", ["b1", "c1"]],
    ["--none x --none y", ["c1"]],
    ["--tag x --any y --any z --none z", ["a2"]],
    ["--prefix a --any y --any z", ["a2"]],
    ["--any nosuch", []],
  ])("%s", async (flags, keys) => {
    await prepare();
    const total = keys.length;
    expect(await json(`keys --total ${flags}`)).toEqual({ keys, count: total, total });
  });

  it("--total tells of all matches, beside a limit; in text on stderr", async () => {
    await prepare();
    const { stdout, stderr } = await nadb("keys --tag x --limit 1 --total");
    expect(stdout).toBe("a1\n");
    expect(stderr).toMatch(/^total: 3\nmore: --cursor [\w-]+\n$/);
    expect(await json("keys --tag x --limit 1 --total")).toMatchObject({ count: 1, total: 3 });
    expect(await nadb("keys --total --limit 1 --quiet")).toMatchObject({
      stdout: "a1\n",
      stderr: "",
    });
    expect(await json("keys")).not.toHaveProperty("total");
  });

  it("--cursor goes on where --limit stopped, whatever the key there", async () => {
    await prepare();
    const first = await json("keys --any x --any y --limit 2");
    expect(first).toMatchObject({ keys: ["a1", "a2"], count: 2 });
    const second = await json(`keys --any x --any y --limit 2 --cursor ${first.cursor} --total`);
    expect(second).toEqual({ keys: ["b1", "b2\n\u009b"], count: 2, total: 4 });
    const throughOdd = await json("keys --limit 4");
    expect(await json(`keys --cursor ${throughOdd.cursor}`)).toEqual({ keys: ["c1"], count: 1 });
  });

  it("JSON holds no raw control characters", async () => {
    await prepare();
    const { stdout } = await nadb("keys --json --prefix b2");
    expect(stdout).toBe('{"keys":["b2\\n\\u009b"],"count":1}\n');
  });
});
