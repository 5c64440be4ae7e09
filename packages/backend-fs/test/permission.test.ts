// What a process may do to the folder and the files, and what a store makes of it. Root may do anything, so as root
// these stores are opened by processes of nobody's.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filledFolder, newFolder, openStore } from "./folders.js";
import { Program } from "./program.js";

/** A process without the powers of root, which may write where it should not. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const PROGRAM = new URL("programs/open.mjs", import.meta.url).pathname;
const reads = `require("node:fs").readFileSync(${JSON.stringify(PROGRAM)})`;
const canRun = spawnSync(process.execPath, ["-e", reads], NOBODY).status === 0;

const answerOf = async (path: string): Promise<string | undefined> =>
  (await Program.start("open", [path], NOBODY).rest())[0];

function giveToAll(folder: string): void {
  chmodSync(folder, 0o777);
  for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o666);
}

describe.skipIf(!canRun)("without permission a store is refused", () => {
  const CASES: [string, (folder: string) => void][] = [
    ["to read the folder", (folder) => chmodSync(folder, 0o000)],
    ["to write data.mdb", (folder) => chmodSync(join(folder, "data.mdb"), 0o444)],
    ["to read data.mdb", (folder) => chmodSync(join(folder, "data.mdb"), 0o222)],
    ["to write lock.mdb", (folder) => chmodSync(join(folder, "lock.mdb"), 0o444)],
  ];

  it.each(CASES)("%s", async (_what, withdraw) => {
    const folder = await filledFolder(1);
    giveToAll(folder);
    expect(await answerOf(folder)).toBe("open");
    withdraw(folder);
    expect(await answerOf(folder)).toMatch(/^NadbError NADB_IO .*EACCES/);
    giveToAll(folder);
  });

  it("to make one in the folder", async () => {
    const folder = newFolder();
    chmodSync(folder, 0o555);
    for (const path of [folder, join(folder, "a/b")]) {
      expect(await answerOf(path)).toMatch(/^NadbError NADB_IO .*EACCES/);
    }
    expect([readdirSync(folder), statSync(folder).mode & 0o777]).toEqual([[], 0o555]);
  });

  it("to make lock.mdb in the folder", async () => {
    const folder = await filledFolder(1);
    giveToAll(folder);
    rmSync(join(folder, "lock.mdb"));
    chmodSync(folder, 0o555);
    expect(await answerOf(folder)).toMatch(/^NadbError NADB_IO .*lock\.mdb.*EACCES/);
    expect(readdirSync(folder)).toEqual(["data.mdb"]);
  });
});

describe.skipIf(!canRun)("a store needs no permission", () => {
  it("to write the folder, once its files are there", async () => {
    const folder = await filledFolder(1);
    giveToAll(folder);
    chmodSync(folder, 0o555);
    expect(await answerOf(folder)).toBe("open");
  });

  it("to list the folder it stands in", async () => {
    const folder = newFolder();
    const path = join(folder, "store");
    mkdirSync(path);
    chmodSync(path, 0o777);
    chmodSync(folder, 0o711);
    expect(await answerOf(path)).toBe("open");
    expect(readdirSync(path).sort()).toEqual(["data.mdb", "lock.mdb"]);
  });

  it("that is withdrawn while it is open", async () => {
    const folder = await filledFolder(1);
    giveToAll(folder);
    const writer = Program.start("write", [folder], NOBODY);
    expect(await writer.line()).toBe("ready");
    for (const path of [join(folder, "data.mdb"), join(folder, "lock.mdb"), folder]) {
      chmodSync(path, 0o000);
    }
    writer.tell("still in service");
    expect(await writer.line()).toBe("still in service");
    await writer.end();
    giveToAll(folder);
    const store = await openStore(folder, false);
    expect(new TextDecoder().decode(await store.get("key"))).toBe("still in service");
  });
});
