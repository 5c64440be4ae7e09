// nadb backup restore while others prune and archive: what was planned is what is restored, and it says what that was.
import { mkdirSync, readdirSync, watch } from "node:fs";
import { describe, expect, it } from "vitest";
import { ended, inFolder, start } from "./support/nadb.js";

const RECORDS = 20_000;

describe("backup restore, beside others", () => {
  const { nadb, json, path, open, stats } = inFolder();

  /** Backups v1 and v2 of many records, and a store that is not as either. */
  async function twoBackups(): Promise<void> {
    await using store = await open();
    await store.setMany(
      Array.from({ length: RECORDS }, (_, i) => ({ key: `k${i}`, value: `${i}` })),
    );
    await json("backup create v1 --label kept");
    await store.set("k0", "changed");
    await json("backup create v2");
    await store.set("live", "1");
  }

  /** Starts a command and stops it as soon as a file of this name is made in the folder. */
  async function stopped(args: string[], folder: string, file: RegExp) {
    const child = start(args, { cwd: path() });
    const end = ended(child);
    await new Promise<void>((resolve) => {
      const watcher = watch(path(folder), (_, name) => {
        if (name === null || !file.test(name)) return;
        child.kill("SIGSTOP");
        watcher.close();
        resolve();
      });
    });
    return { child, end };
  }

  it.each(["v1 ", "kept --all-namespaces "])(
    "a prune between the plan and the load takes nothing from a restore of %s",
    async (what) => {
      await twoBackups();
      const { stateDigest } = await json("backup show v1");
      const line = `backup restore ${what}--clear --yes --safety-backup --json`;
      // The safety backup is taken when the plan is done: there nothing is read, and everything is held.
      const { child, end } = await stopped(line.split(" "), "backups", /^safety-/);
      const pruned = await json("backup prune --keep-last 1 --yes");
      expect(pruned.removed).toEqual(["v1"]);
      child.kill("SIGCONT");
      const { exitCode, stderr } = await end;
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect((await stats()).digest).toBe(stateDigest);
      expect(readdirSync(path("backups", "readers"))).toEqual([]);
    },
  );

  it("a refused restore leaves no lease behind", async () => {
    await twoBackups();
    mkdirSync(path("backups", "readers"), { recursive: true });
    expect(await nadb("backup restore v1 --clear")).toMatchObject({ exitCode: 2 });
    expect(readdirSync(path("backups", "readers"))).toEqual([]);
  });

  it("--at and --point say which point was restored, in words and in the document", async () => {
    await using store = await open();
    for (const value of ["1", "2", "3"]) {
      await store.set("k", value);
      await json("backup archive --once --every 1m");
    }
    const { points } = await json("backup points");
    const [, second, third] = points;
    const iso = new Date(second.time).toISOString();
    const said = `the point of ${iso}, version ${second.version} (segment ${second.id})`;
    const one = await nadb(`backup restore --point ${second.id} --yes --clear`);
    expect(one.stderr).toMatch(
      new RegExp(`^restore  .* of ${iso}, version ${second.version}, 1 record$`, "m"),
    );
    expect(one.stdout).toMatch(/^restored 1 record, 1 B, in \d+\.\d s\n/);
    expect(one.stdout.split("\n").slice(1)).toEqual([said, ""]);
    const at = await nadb(
      `backup restore --at ${new Date(third.time - 1).toISOString()} --yes --store fs:./new`,
    );
    expect(at.stdout.split("\n").slice(1)).toEqual([said, ""]);
    const { point } = await json(`backup restore --at ${iso} --yes --store fs:./other`);
    expect(point).toEqual({ ...second, timestamp: iso, at: iso });
  });
});
