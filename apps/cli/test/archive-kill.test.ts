// A writer that never stops, and an archiver that is killed again and again: the next one catches up, every write that was
// acknowledged is archived, and every point is one instant.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { everyPage, type KeyValueStore } from "@nadb/core";
import { seeded, seedOfRun } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { inFolder, start } from "./support/nadb.js";

const WRITER = fileURLToPath(new URL("support/writer.mjs", import.meta.url));
const KILLS = Number(process.env.NADB_ARCHIVE_KILLS || 12);
/** Restored and looked at. */
const POINTS = 8;
const seed = seedOfRun();

const numberAt = async (store: KeyValueStore, key: string): Promise<number> =>
  Number(new TextDecoder().decode(await store.get(key)));

async function countOf(store: KeyValueStore, prefix: string): Promise<number> {
  let count = 0;
  for await (const _ of everyPage((from) => store.keys({ prefix, ...from }))) count++;
  return count;
}

describe(`backup archive, killed (NADB_SEED=${seed}, ${KILLS} times)`, () => {
  const { path, nadb, json, open, stats } = inFolder();

  it("loses nothing that was acknowledged", async () => {
    const random = seeded(seed);
    const writer = spawn(process.execPath, [WRITER, path("data")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let acknowledged = 0;
    const written = createInterface(writer.stdout);
    written.on("line", (line) => {
      acknowledged = Number(line);
    });
    await once(written, "line");
    for (let i = 0; i < KILLS; i++) {
      const policy = ["--policy", "1s:2s,2s:1h"];
      const child = start(["backup", "archive", "--every", "1ms", ...policy], { cwd: path() });
      const lines = createInterface(child.stdout);
      const exit = once(child, "exit");
      for (let left = 1 + random.int(8); left > 0; left--) await once(lines, "line");
      child.kill("SIGKILL");
      expect(await exit).toEqual([null, "SIGKILL"]);
    }
    const closed = once(writer, "close");
    writer.stdin.end("stop");
    await closed;
    expect((await nadb("backup archive --once")).exitCode).toBe(0);

    const { points, gaps, lost } = await json("backup points");
    expect(lost).toBe(0);
    expect(gaps.filter(({ reason }: { reason: string }) => reason !== "unwatched")).toEqual([]);
    expect(points.length).toBeGreaterThan(KILLS / 2);
    for (let i = 0; i < POINTS; i++) {
      const isNewest = i === 0;
      const point = isNewest ? points.at(-1) : points[random.int(points.length)];
      const at = new Date(point.effectiveTime).toISOString();
      await json(`backup restore --at ${at} --store fs:./point${i} --yes`);
      await using store = await open(`point${i}`);
      const last = await numberAt(store, "counter:a");
      expect(await numberAt(store, "counter:b")).toBe(last);
      expect(await countOf(store, "log:")).toBe(last);
      if (!isNewest) continue;
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      expect((await store.stats()).digest).toBe((await stats()).digest);
    }
  }, 180_000);
});
