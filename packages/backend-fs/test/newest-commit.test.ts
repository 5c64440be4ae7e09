// A process that opens a store while another commits can set the engine back by a commit (newest-commit.ts): nothing may
// be lost by that.
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { newFolder, openStore } from "./folders.js";
import { Program } from "./program.js";

const COMMITS = 2_000;

/** As the engine does; in another process, because closing lock.mdb in this one would release its locks. */
const SET_BACK = `
const fs = require("node:fs");
const file = fs.openSync(process.argv[1], "r+");
const bytes = Buffer.alloc(8);
fs.readSync(file, bytes, 0, 8, 8);
bytes.writeBigUInt64LE(bytes.readBigUInt64LE() - 1n);
fs.writeSync(file, bytes, 0, 8, 8);
`;

const setBack = (folder: string): unknown =>
  execFileSync(process.execPath, ["-e", SET_BACK, join(folder, "lock.mdb")]);

describe("a store that is set back by a commit", () => {
  it("loses nothing when it is written to next", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    for (let i = 0; i < 6; i++) {
      await store.set(`k${i}`, "v");
      setBack(folder);
    }
    await Promise.all([store.set("one", "v"), store.set("other", "v"), store.delete("k0")]);
    expect((await store.stats()).count).toBe(7);
    expect((await store.stats()).version).toBe(9);
    await checkNamespace(store.storage, Date.now());
  });

  it("is whole again once somebody has opened it", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    await store.set("before", "v");
    await store.set("k", "v");
    setBack(folder);
    expect(await store.get("k")).toBeUndefined(); // or the test would show nothing
    const open = `import("${import.meta.resolve("../dist/index.js")}").then(async ({ fsBackend }) => {
      const backend = fsBackend({ path: process.argv[1], create: false });
      await backend.open();
      await backend.close();
    });`;
    await promisify(execFile)(process.execPath, ["-e", open, folder]);
    expect(await store.get("k")).toBeDefined();
    await checkNamespace(store.storage, Date.now());
  });
});

describe.skipIf(process.platform !== "linux")("the locks that other processes go by", () => {
  const locksOn = (folder: string): number => {
    const { ino } = statSync(join(folder, "lock.mdb"));
    const lines = readFileSync("/proc/locks", "utf8").split("\n");
    return lines.filter((line) => line.includes(`:${ino} `)).length;
  };

  it("stay when another thread closes the store", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    await store.set("k", "v");
    const before = locksOn(folder);
    expect(before).toBeGreaterThan(0);
    const open = new URL("programs/open.mjs", import.meta.url);
    await once(new Worker(open, { argv: [folder], execArgv: [] }), "exit");
    expect((await store.stats()).count).toBe(2);
    expect(locksOn(folder)).toBe(before);
  });

  it("stay when the engine was set back", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    await store.set("before", "v");
    await store.set("k", "v");
    const before = locksOn(folder);
    expect(before).toBeGreaterThan(0);
    setBack(folder);
    await store.set("next", "v");
    expect((await store.stats()).count).toBe(3);
    expect(locksOn(folder)).toBe(before);
  });
});

describe("processes that open a store and close it, again and again", () => {
  it("undo no commit of another", { timeout: 120_000 }, async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    await store.set("first", "v");
    const programs = Array.from({ length: 2 }, () => Program.start("reopen", [folder]));
    for (const program of programs) expect(await program.line()).toBe("ready");
    for (let i = 1; i < COMMITS; i++) await store.set(`k${i}`, "v");
    for (const program of programs) {
      program.tell("stop");
      expect(Number(await program.line())).toBeGreaterThan(0);
    }
    const { count, version } = await store.stats();
    expect([count, version]).toEqual([COMMITS, COMMITS]);
    await checkNamespace(store.storage, Date.now());
  });
});
