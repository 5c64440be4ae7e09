// Which folders become a store, which are one, and which are left alone.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { open } from "lmdb";
import { describe, expect, it } from "vitest";
import { contentOf, filledFolder, newFolder, openStore } from "./folders.js";
import { Program } from "./program.js";
import { rejects } from "./refuses.js";

/** Writes into a store's database past everything that NADB would check. */
async function putRaw(folder: string, key: Uint8Array, value: Uint8Array): Promise<void> {
  const db = open<Uint8Array, Uint8Array>({
    path: folder,
    noSubdir: false,
    encoding: "binary",
    keyEncoding: "binary",
  });
  await db.put(key, value);
  await db.close();
}

const FORMAT_KEY = Uint8Array.of(0);

describe("a store is made", () => {
  it("in an empty folder, and in one that is not there yet, however deep", async () => {
    const folder = newFolder();
    for (const path of [folder, join(newFolder(), "a/b/ü c")]) {
      const store = await openStore(path);
      await store.set("key", "value");
      await store.close();
      expect(readdirSync(path).sort()).toEqual(["data.mdb", "lock.mdb"]);
    }
  });

  it.skipIf(!existsSync("/proc/self"))("nowhere where nobody can make a folder", async () => {
    for (const path of ["/proc/nope", "/proc/nope/deeper/store"])
      await rejects("NADB_IO", openStore(path), path);
  });

  it("where a process died while it made one", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "lock.mdb"), "");
    const store = await openStore(folder);
    await store.set("key", "value");
    expect(await store.has("key")).toBe(true);
  });

  it("once, though many processes ask for it at a time", async () => {
    for (let round = 0; round < 3; round++) {
      const folder = join(newFolder(), "store");
      const programs = Array.from({ length: 6 }, (_, i) =>
        Program.start("open", [folder, `key${i}`]),
      );
      for (const program of programs) expect(await program.rest()).toEqual(["open"]);
      const store = await openStore(folder, false);
      expect((await store.stats()).count).toBe(6);
      await store.close();
    }
  });
});

describe("create: false", () => {
  it("opens a store", async () => {
    const store = await openStore(await filledFolder(3), false);
    expect((await store.stats()).count).toBe(3);
  });

  it("refuses a missing folder, and makes none", async () => {
    const path = join(newFolder(), "a/b");
    await rejects("NADB_NOT_A_STORE", openStore(path, false), `there is no store in ${path}`);
    expect(existsSync(join(path, ".."))).toBe(false);
  });

  it("refuses an empty folder, and leaves it empty", async () => {
    const folder = newFolder();
    await rejects("NADB_NOT_A_STORE", openStore(folder, false), `there is no store in ${folder}`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a folder in which a process died while it made a store", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "lock.mdb"), "");
    await rejects("NADB_NOT_A_STORE", openStore(folder, false), `there is no store in ${folder}`);
  });
});

describe("a store is refused", () => {
  it("in a folder with other files, which stay as they are", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "notes.txt"), "mine");
    const before = contentOf(folder);
    await rejects("NADB_NOT_A_STORE", openStore(folder), `${folder} holds other files`);
    expect(contentOf(folder)).toEqual(before);
  });

  it("where there is a file", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "mine");
    await rejects("NADB_NOT_A_STORE", openStore(file), `${file} is a file`);
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("below a file", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "mine");
    await rejects("NADB_NOT_A_STORE", openStore(join(file, "store")), "below one");
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("where data.mdb is a folder", async () => {
    const folder = newFolder();
    mkdirSync(join(folder, "data.mdb"));
    await rejects("NADB_NOT_A_STORE", openStore(folder), "data.mdb is a folder");
  });

  it("where lock.mdb is a folder", async () => {
    const folder = await filledFolder(1);
    const { rm } = await import("node:fs/promises");
    await rm(join(folder, "lock.mdb"));
    mkdirSync(join(folder, "lock.mdb"));
    await rejects("NADB_IO", openStore(folder), "lock.mdb: it is no file");
  });

  it("when a newer NADB wrote it, unchanged", async () => {
    const folder = await filledFolder(3);
    await putRaw(folder, FORMAT_KEY, Uint8Array.of(0, 3));
    const { "data.mdb": before } = contentOf(folder);
    await rejects("NADB_NEWER_FORMAT", openStore(folder), "layout version 3");
    expect(contentOf(folder)["data.mdb"]).toBe(before);
  });

  it("when it is another program's LMDB, unchanged", async () => {
    const folder = newFolder();
    await putRaw(folder, Buffer.from("theirs"), Buffer.from("data"));
    const { "data.mdb": before } = contentOf(folder);
    await rejects("NADB_NOT_A_STORE", openStore(folder), "was not made by NADB");
    expect(contentOf(folder)["data.mdb"]).toBe(before);
  });
});
