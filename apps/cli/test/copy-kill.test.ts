// An application that never stops writing, and a follower that is killed again and again: what the target holds is one cut of
// the source at every instant, and in the end, cut over, both hold the same.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { everyPage, type KeyValueStore } from "@nadb/core";
import { seeded, seedOfRun } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { inFolder, start } from "./support/nadb.js";

const WRITER = fileURLToPath(new URL("support/writer.mjs", import.meta.url));
const KILLS = Number(process.env.NADB_COPY_KILLS || 10);
const seed = seedOfRun();

const numberAt = async (store: KeyValueStore, key: string): Promise<number> =>
  Number(new TextDecoder().decode(await store.get(key)));

async function countOf(store: KeyValueStore, prefix: string): Promise<number> {
  let count = 0;
  for await (const _ of everyPage((from) => store.keys({ prefix, ...from }))) count++;
  return count;
}

/** What the target holds is one cut; answers which. */
async function cutOf(store: KeyValueStore): Promise<number> {
  const last = await numberAt(store, "counter:a");
  expect(await numberAt(store, "counter:b")).toBe(last);
  expect(await countOf(store, "log:")).toBe(last);
  return last;
}

describe(`copy --follow, killed (NADB_SEED=${seed}, ${KILLS} times)`, () => {
  const { path, nadb, open, stats } = inFolder();

  it("ends at the same content, and never holds a mixture", async () => {
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
    const args = ["copy", "fs:./data", "fs:./copy", "--follow", "--interval", "1ms", "--json"];
    let cut = 0;
    for (let i = 0; i < KILLS; i++) {
      const child = start(args, { cwd: path() });
      const lines = createInterface(child.stdout);
      const exit = once(child, "exit");
      for (let left = 1 + random.int(8); left > 0; left--) await once(lines, "line");
      for (let turns = random.int(3_000); turns > 0; turns--) await new Promise(setImmediate);
      child.kill("SIGKILL");
      expect(await exit).toEqual([null, "SIGKILL"]);
      await using store = await open("copy");
      const next = await cutOf(store);
      expect(next).toBeGreaterThanOrEqual(cut);
      cut = next;
    }
    const syncing = nadb("copy fs:./data fs:./copy --until-synced --interval 1ms");
    const closed = once(writer, "close");
    writer.stdin.end("stop"); // the cut-over: the application stops, and the follower ends by itself
    await closed;
    expect(await syncing).toMatchObject({ exitCode: 0, stdout: "in sync: both hold the same\n" });
    await using store = await open("copy");
    expect(await cutOf(store)).toBeGreaterThanOrEqual(acknowledged);
    const [from, to] = [await stats(), await stats("copy")];
    expect([to.count, to.digest]).toEqual([from.count, from.digest]);
  }, 180_000);
});
