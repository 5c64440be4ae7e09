// Plugins by name: packages and files, found from a folder; each failure tells which plugin it was.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBackend } from "../src/index.js";
import { loadPlugin } from "../src/load-plugin.js";

const PLUGIN = "{ name: 'acme', schemes: ['acme'], open() {} }";

describe("a plugin by name", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "nadb-plugin-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  /** Installs a package; the conditions of its entry are what differs between packages. */
  function install(name: string, entry: object, files: Record<string, string>): void {
    const manifest = { name, version: "1.0.0", type: "module", ...entry };
    write(`node_modules/${name}/package.json`, JSON.stringify(manifest));
    for (const [file, text] of Object.entries(files)) {
      write(`node_modules/${name}/${file}`, text);
    }
  }

  it.each([
    ["ESM only", { exports: { import: "./a.js" } }, { "a.js": `export const plugin = ${PLUGIN}` }],
    ["a main", { main: "a.js" }, { "a.js": `export const plugin = ${PLUGIN}` }],
    ["a default export", { exports: "./a.js" }, { "a.js": `export default ${PLUGIN}` }],
    [
      "CommonJS",
      { exports: { require: "./a.cjs", default: "./a.cjs" } },
      { "a.cjs": `module.exports = { plugin: ${PLUGIN} }` },
    ],
    [
      "CommonJS whose exports are not seen from outside",
      { main: "a.cjs" },
      { "a.cjs": `const all = { plugin: ${PLUGIN} }; module.exports = all` },
    ],
  ])("is a package with %s", async (_, entry, files) => {
    install("nadb-backend-acme", entry, files);
    expect(await loadPlugin("nadb-backend-acme", folder)).toMatchObject({ name: "acme" });
  });

  it("is a scoped package, found from a folder below as well", async () => {
    install("@acme/nadb", { main: "a.js" }, { "a.js": `export const plugin = ${PLUGIN}` });
    mkdirSync(join(folder, "a/b"), { recursive: true });
    expect(await loadPlugin("@acme/nadb", join(folder, "a/b"))).toMatchObject({ name: "acme" });
  });

  it("is a file, relative to the folder or absolute", async () => {
    write("plugins/ä b.mjs", `export const plugin = ${PLUGIN}`);
    for (const name of ["./plugins/ä b.mjs", join(folder, "plugins/ä b.mjs")]) {
      expect(await loadPlugin(name, folder)).toMatchObject({ name: "acme" });
    }
    const below = join(folder, "plugins");
    expect(await loadPlugin("../plugins/ä b.mjs", below)).toMatchObject({ name: "acme" });
  });

  it("is found by openBackend from the folder that it is given", async () => {
    write(
      "mine.mjs",
      `export const plugin = { name: 'mine', schemes: ['mine'], open(url, { folder }) {
      throw new Error(url + ' in ' + folder);
    } }`,
    );
    const opening = openBackend("mine:x", { plugins: ["./mine.mjs"], folder });
    await expect(opening).rejects.toThrow(`mine:x in ${folder}`);
  });

  const files: [name: string, text: string, code: string, says: string][] = [
    ["./throws.mjs", "throw new Error('no driver')", "NADB_UNSUPPORTED", "no driver"],
    ["./throws-text.mjs", "throw 'no driver'", "NADB_UNSUPPORTED", "no driver"],
    ["./broken.mjs", "export const = 1", "NADB_UNSUPPORTED", "can not be loaded"],
    ["./needs.mjs", "import 'nosuch-driver'", "NADB_UNSUPPORTED", "nosuch-driver"],
    ["./none.mjs", "export const other = 1", "NADB_INVALID_ARGUMENT", "exports is no backend"],
    ["./half.mjs", "export const plugin = { name: 'a' }", "NADB_INVALID_ARGUMENT", "is no backend"],
  ];
  it.each(files)("%s is refused", async (name, text, code, says) => {
    write(name, text);
    await expect(loadPlugin(name, folder)).rejects.toMatchObject({
      name: "NadbError",
      code,
      message: expect.stringMatching(new RegExp(`plugin ${JSON.stringify(name)}.*${says}`, "s")),
    });
  });

  const names: [name: string, code: string, says: string][] = [
    ["nosuch", "NADB_NOT_FOUND", "is not installed in"],
    ["@acme/nosuch", "NADB_NOT_FOUND", "is not installed in"],
    ["./nosuch.js", "NADB_NOT_FOUND", "there is no file"],
    [".", "NADB_UNSUPPORTED", "can not be loaded"],
    ["", "NADB_INVALID_ARGUMENT", "neither a package nor a path"],
    ["data:text/javascript,1", "NADB_INVALID_ARGUMENT", "neither a package nor a path"],
    ["https://host/plugin.js", "NADB_INVALID_ARGUMENT", "neither a package nor a path"],
    ["@acme", "NADB_INVALID_ARGUMENT", "can not be found"],
    ["closed/inside.js", "NADB_INVALID_ARGUMENT", "can not be found"],
    ["fs", "NADB_INVALID_ARGUMENT", "is no backend plugin"],
  ];
  it.each(names)("%j is refused", async (name, code, says) => {
    install("closed", { exports: "./a.js" }, { "a.js": "", "inside.js": "" });
    await expect(loadPlugin(name, folder)).rejects.toMatchObject({
      name: "NadbError",
      code,
      message: expect.stringMatching(new RegExp(`plugin ${JSON.stringify(name)}.*${says}`, "s")),
    });
  });
});
