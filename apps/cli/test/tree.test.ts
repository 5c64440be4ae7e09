import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const folderOf = (name: string): string =>
  fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url));

/** Every file below, by its path. */
function contentOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name));
  return new Map(
    paths.sort().map((path) => [path.slice(folder.length), readFileSync(path, "latin1")]),
  );
}

describe("import and export", () => {
  const { nadb, json, path, open } = inFolder();

  it("brings a real tree back byte for byte", async () => {
    cpSync(folderOf("commander"), path("tree/commander"), { recursive: true, dereference: true });
    cpSync(folderOf("@clack/prompts"), path("tree/prompts"), {
      recursive: true,
      dereference: true,
    });
    writeFileSync(path("tree/empty"), "");
    writeFileSync(path("tree/ü \u001b.BIN"), Buffer.from([0, 255, 10, 13]));
    const source = contentOf(path("tree"));
    expect(source.size).toBeGreaterThan(20);

    const imported = await json("import tree");
    expect(imported).toMatchObject({
      count: source.size,
      skipped: { symbolicLinks: 0, specialFiles: 0 },
    });
    const exported = await json("export out/deep");
    expect(exported).toMatchObject({ count: source.size, bytes: imported.bytes });
    expect(contentOf(path("out/deep"))).toEqual(source);
  });

  it("a record's key is the relative path, its tag the extension in lower case", async () => {
    mkdirSync(path("tree/a/b"), { recursive: true });
    for (const name of ["a/b/One.TXT", "two.d.ts", "none", ".hidden"])
      writeFileSync(path("tree", name), name);
    expect((await nadb("import tree")).stdout).toMatch(/^imported 4 files, 30 B, in \d+\.\d s\n$/);
    expect((await json("keys")).keys).toEqual([".hidden", "a/b/One.TXT", "none", "two.d.ts"]);
    expect(await json("tags")).toEqual({ tags: { ts: 1, txt: 1 } });
  });

  it("links and special files are not followed, but counted and told", async () => {
    mkdirSync(path("tree"));
    writeFileSync(path("tree/file"), "");
    symlinkSync(path(), path("tree/loop"));
    symlinkSync("nowhere", path("tree/dangling"));
    execFileSync("mkfifo", [path("tree/pipe")]);
    const { exitCode, stderr } = await nadb("import tree");
    expect(exitCode).toBe(0);
    expect(stderr).toBe("left out: 2 symbolic links and 1 special file, which are not followed\n");
    const again = await json("import tree");
    expect(again).toEqual({ count: 1, bytes: 0, skipped: { symbolicLinks: 2, specialFiles: 1 } });
  });

  it("a large file and many small ones fit", async () => {
    mkdirSync(path("tree"));
    writeFileSync(path("tree/large"), Buffer.alloc(20_000_000, 7));
    for (let i = 0; i < 600; i++) writeFileSync(path("tree", `f${i}`), String(i));
    expect(await json("import tree")).toMatchObject({ count: 601 });
    expect(await json("export out")).toMatchObject({ count: 601 });
    expect(contentOf(path("out"))).toEqual(contentOf(path("tree")));
  });

  it("an expired record is not exported", async () => {
    await nadb("set old v --ttl 1ms");
    await nadb("set new v");
    expect(await json("export out")).toMatchObject({ count: 1, bytes: 1 });
    expect(readdirSync(path("out"))).toEqual(["new"]);
  });

  it.each([["../escaped"], ["/tmp/escaped"], ["a//b"], ["."], ["a/b"]])(
    "export refuses the key %s beside a and leaves nothing",
    async (key) => {
      {
        await using store = await open();
        await store.setMany([
          { key: "a", value: "1" },
          { key, value: "2" },
        ]);
      }
      const { exitCode, stdout, stderr } = await nadb("export out/deep");
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain("NADB_INVALID_ARGUMENT");
      expect(stderr).toContain(`"${key}"`);
      expect(existsSync(path("out/deep"))).toBe(false);
      expect(existsSync(path("out/escaped"))).toBe(false);
    },
  );

  it("export refuses a folder that holds something, or is a file", async () => {
    await nadb("set a v");
    mkdirSync(path("full"));
    writeFileSync(path("full/mine"), "");
    expect(await nadb("export full")).toMatchObject({ exitCode: 2, stdout: "" });
    expect(readdirSync(path("full"))).toEqual(["mine"]);
    expect((await nadb("export full/mine")).stderr).toContain("is a file");
  });

  it("export into an existing empty folder keeps it when refused", async () => {
    await nadb("set ../x v");
    mkdirSync(path("out"));
    expect(await nadb("export out")).toMatchObject({ exitCode: 2 });
    expect(readdirSync(path("out"))).toEqual([]);
  });

  it("import checks every file before the first is stored", async () => {
    const name = "x".repeat(250);
    mkdirSync(path("tree", name, name, name, name), { recursive: true });
    writeFileSync(path("tree/a"), "");
    writeFileSync(path("tree", name, name, name, name, "long name"), "");
    writeFileSync(path("tree", name, name, name, name, "longer than 1,024 bytes"), "");
    const { exitCode, stderr } = await nadb("import tree");
    expect({ exitCode }).toEqual({ exitCode: 2 });
    expect(stderr).toContain("at most 1024 are allowed");
    expect(existsSync(path("data"))).toBe(false);
  });

  it("import refuses a folder that holds the store itself", async () => {
    const { exitCode, stderr } = await nadb("import .");
    expect({ exitCode }).toEqual({ exitCode: 2 });
    expect(stderr).toContain("lies inside");
    expect(existsSync(path("data"))).toBe(false);
  });

  it("a missing folder is NADB_NOT_FOUND, a file is no folder", async () => {
    writeFileSync(path("file"), "");
    expect(await nadb("import nosuch")).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await nadb("import file")).toMatchObject({ exitCode: 2, stdout: "" });
    expect(existsSync(path("data"))).toBe(false);
  });
});
