// Backups from another process while an application writes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { everyPage, type KeyValueStore } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { sharedServer } from "../../../packages/backend-redis/test/servers/index.js";
import { inFolder } from "./support/nadb.js";

const WRITER = fileURLToPath(new URL("support/writer.mjs", import.meta.url));
const TREE = fileURLToPath(new URL("../node_modules/commander", import.meta.url));

/** Writes into the store of a URL. */
function startWriter(store: string) {
  const child = spawn(process.execPath, [WRITER, store], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout);
  let acknowledged = 0;
  lines.on("line", (line) => {
    acknowledged = Number(line);
  });
  return {
    get acknowledged() {
      return acknowledged;
    },
    /** Resolves once it has written so many more commits. */
    async writes(more: number): Promise<void> {
      const wanted = acknowledged + more;
      while (acknowledged < wanted) await once(lines, "line");
    },
    async stop(): Promise<void> {
      const closed = once(child, "close");
      child.stdin.end("stop");
      await closed;
    },
  };
}

const numberAt = async (store: KeyValueStore, key: string): Promise<number> =>
  Number(new TextDecoder().decode(await store.get(key)));

async function keysOf(store: KeyValueStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of everyPage((from) => store.keys({ prefix, ...from }))) keys.push(key);
  return keys;
}

describe("backup while a writer runs", () => {
  const { path, json, open } = inFolder();
  const server = sharedServer();

  it.each([
    ["on fs", () => `fs:${path("data")}`],
    ["on Redis", () => server().url],
  ])(
    "%s, each backup is one instant that holds all that was acknowledged before it began",
    async (_name, urlOf) => {
      const env = { NADB_STORE: urlOf() };
      cpSync(TREE, path("tree"), { recursive: true });
      const { count: files } = await json("import tree", { env });
      const writer = startWriter(urlOf());
      const cuts: { backupId: string; before: number; after: number; recordCount: number }[] = [];
      try {
        await writer.writes(50);
        for (const backupId of ["one", "two", "three"]) {
          const before = writer.acknowledged;
          const { recordCount } = await json(`backup create ${backupId}`, { env });
          await writer.writes(1);
          cuts.push({ backupId, before, after: writer.acknowledged, recordCount });
        }
        expect(await json("backup verify")).toMatchObject({ ok: true });
      } finally {
        await writer.stop();
      }

      for (const { backupId, before, after, recordCount } of cuts) {
        await json(`backup restore ${backupId} --store fs:./${backupId}`);
        await using store = await open(backupId);
        const last = await numberAt(store, "counter:a");
        expect(last).toBeGreaterThanOrEqual(before);
        expect(last).toBeLessThanOrEqual(after);
        expect(await numberAt(store, "counter:b")).toBe(last);
        const log = await keysOf(store, "log:");
        expect(log).toHaveLength(last);
        expect(log.at(-1)).toBe(`log:${String(last).padStart(8, "0")}`);
        expect(recordCount).toBe(files + last + 2);
      }
    },
    120_000,
  );

  it("a backup restored under a running writer does not disturb what it writes", async () => {
    await json("set kept before");
    await json("backup create first");
    await json("set kept after");
    const writer = startWriter(`fs:${path("data")}`);
    try {
      await writer.writes(20);
      const restored = await json("backup restore first --yes");
      expect(restored.recordCount).toBe(1);
      await writer.writes(20);
    } finally {
      await writer.stop();
    }
    await using store = await open();
    expect(new TextDecoder().decode(await store.get("kept"))).toBe("before");
    expect(await keysOf(store, "log:")).toHaveLength(writer.acknowledged);
  });
});
