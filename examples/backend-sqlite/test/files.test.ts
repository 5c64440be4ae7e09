// Which files become a store, which are one, and which are left alone.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { newFolder, openStore, refuses } from "./support.js";

describe("a store is made", () => {
  it("where there is no file, however deep, and where there is an empty one", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "empty.db"), "");
    for (const name of ["new.db", "a/b/ü c.db", "empty.db"]) {
      const store = await openStore(join(folder, name));
      await store.set("key", "value");
      await store.close();
      expect(await (await openStore(join(folder, name), false)).has("key")).toBe(true);
    }
  });

  it("not when it may not, and nothing is left behind", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "empty.db"), "");
    await refuses("NADB_NOT_A_STORE", join(folder, "a/new.db"), false);
    await refuses("NADB_NOT_A_STORE", join(folder, "empty.db"), false);
    expect(readdirSync(folder)).toEqual(["empty.db"]);
    expect(statSync(join(folder, "empty.db")).size).toBe(0);
  });
});

describe("left as it is", () => {
  it("is a file that SQLite does not know", async () => {
    const path = join(newFolder(), "notes.txt");
    writeFileSync(path, "notes\n".repeat(1000));
    await refuses("NADB_NOT_A_STORE", path);
    expect(readFileSync(path, "utf8")).toBe("notes\n".repeat(1000));
  });

  it("is the database of another program", async () => {
    const folder = newFolder();
    const path = join(folder, "other.db");
    new Database(path).exec("CREATE TABLE users (name TEXT)").close();
    const before = readFileSync(path);
    await refuses("NADB_NOT_A_STORE", path);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(["other.db"]);
  });

  it("is a folder", async () => {
    const path = join(newFolder(), "folder");
    mkdirSync(path);
    await refuses("NADB_NOT_A_STORE", path);
    expect(readdirSync(path)).toEqual([]);
  });

  it("is a path below a file", async () => {
    const path = join(newFolder(), "file");
    writeFileSync(path, "");
    await refuses("NADB_IO", join(path, "store.db"));
  });
});

describe("a damaged file", () => {
  async function filled(): Promise<string> {
    const path = join(newFolder(), "store.db");
    const store = await openStore(path);
    const value = "x".repeat(500);
    const keys = Array.from({ length: 1000 }, (_, i) => `key${i}`);
    await store.setMany(keys.map((key) => ({ key, value, tags: ["all"] })));
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    return path;
  }

  async function readAll(path: string): Promise<void> {
    const store = await openStore(path, false);
    for await (const _ of store.storage.changes(null));
  }

  it("whose pages are overwritten is told as damage", async () => {
    const path = await filled();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, 16_384, bytes.length / 2));
    const told = { code: "NADB_CORRUPTION", message: expect.stringContaining(path) };
    await expect(readAll(path)).rejects.toMatchObject(told);
  });

  it("that is cut short is told as damage", async () => {
    const path = await filled();
    truncateSync(path, Math.floor(statSync(path).size / 2));
    await expect(readAll(path)).rejects.toMatchObject({ code: "NADB_CORRUPTION" });
  });
});
