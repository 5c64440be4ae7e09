// Two processes on one repository: whatever they do at once, and whichever is killed, every backup that is listed can be
// restored, and nothing waits for a human.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryTarget, Repository } from "@nadb/backup";
import { seeded, seedOfRun } from "@nadb/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, Racer, type Task } from "./races/race.js";

/** Of each of the eight kinds. */
const RACES = Number(process.env.NADB_RACES || 28);
const seed = seedOfRun();
const random = seeded(seed);

/** What a race may end with besides success: somebody else was first. */
const REFUSED = ["NADB_LOCKED", "NADB_ALREADY_EXISTS", "NADB_NOT_FOUND", "NADB_CONFLICT"];
const POLICY = { policy: { keepLast: 1 }, consolidate: true };

describe(`races of two processes (NADB_SEED=${seed}, ${8 * RACES} races)`, () => {
  let root: string;
  let racers: readonly [Racer, Racer];
  let number = 0;
  const digests = new Map<string, string>();

  /** In "template": full ← one ← two of the first racer's namespace, other ← more of the second's. */
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "nadb-races-"));
    racers = [await Racer.start("a"), await Racer.start("b")];
    const path = join(root, "template");
    const chains = [
      ["full", "one", "two"],
      ["other", "more"],
    ];
    for (const [i, racer] of racers.entries()) {
      for (const [at, id] of (chains[i] as string[]).entries()) {
        for (let key = 0; key < 20; key++)
          await racer.must({ op: "set", key: `k${key + 3 * at}`, value: `${id} ${key}` });
        const parent = chains[i]?.[at - 1];
        const op = parent === undefined ? "create" : "increment";
        const info = (await racer.must({ op, path, id, parent })) as { stateDigest: string };
        digests.set(id, info.stateDigest);
      }
    }
  }, 60_000);

  afterAll(async () => {
    await Promise.all(racers.map((racer) => racer.kill()));
    rmSync(root, { recursive: true, force: true });
  });

  function newRepository(): string {
    const path = join(root, `race-${++number}`);
    cpSync(join(root, "template"), path, { recursive: true });
    return path;
  }

  /** Both at once, one of them up to some milliseconds later. */
  async function race(first: Task, second: Task): Promise<[Outcome, Outcome]> {
    const [a, b] = racers;
    const isFirst = random.int(2) === 0;
    const early = isFirst ? a.run(first) : b.run(second);
    await new Promise((resolve) => setTimeout(resolve, random.int(12)));
    const late = isFirst ? b.run(second) : a.run(first);
    return isFirst ? [await early, await late] : [await late, await early];
  }

  /** Every backup that is listed is what it was; nothing else is in the way of the next one. */
  async function expectSound(path: string): Promise<string[]> {
    const repository = await Repository.open(directoryTarget(path));
    const { backups, findings } = await repository.scan();
    expect(findings).toEqual([]);
    for (const { backupId, stateDigest } of backups) {
      expect(await repository.verify(backupId)).toMatchObject({ ok: true, findings: [] });
      const known = digests.get(backupId);
      if (known !== undefined) expect(stateDigest).toBe(known);
    }
    return backups.map(({ backupId }) => backupId);
  }

  const refusedOrDone = ({ code, message }: Outcome): void => {
    if (code !== undefined && !REFUSED.includes(code)) throw new Error(`${code}: ${message}`);
  };

  /** The next run sweeps what is left, at once. */
  async function expectNoHuman(path: string): Promise<void> {
    const [racer] = racers;
    await racer.must({ op: "create", path, id: "after" });
    const ids = await expectSound(path);
    expect(ids).toContain("after");
    for (const id of ids) {
      const names = readdirSync(join(path, id)); // merged data that nobody names may stay for a day
      expect(names.filter((name) => !/^data(-\d+-[\da-f]+)?\.nadb$/.test(name))).toEqual([
        "metadata.json",
      ]);
    }
    const folders = readdirSync(path, { withFileTypes: true }).filter((one) => one.isDirectory());
    const others = folders
      .map(({ name }) => name)
      .filter((name) => ![...ids, "quarantine"].includes(name));
    for (const name of others) expect(readdirSync(join(path, name))).toEqual([]);
  }

  async function races(run: (path: string) => Promise<void>, count = RACES): Promise<void> {
    for (let i = 0; i < count; i++) {
      const path = newRepository();
      try {
        await run(path);
        await expectSound(path);
        await expectNoHuman(path);
      } catch (error) {
        throw new Error(`race ${i}: ${error}`, { cause: error });
      }
    }
  }

  it("backup × backup of one id: one of them makes it", async () => {
    await races(async (path) => {
      const outcomes = await race({ op: "create", path, id: "x" }, { op: "create", path, id: "x" });
      outcomes.forEach(refusedOrDone);
      expect(outcomes.filter(({ code }) => code === undefined)).toHaveLength(1);
    });
  }, 300_000);

  it("backup × backup of two ids: both are made", async () => {
    await races(async (path) => {
      const outcomes = await race(
        { op: "increment", path, id: "x", parent: "two" },
        { op: "create", path, id: "y" },
      );
      expect(outcomes.map(({ code, message }) => message ?? code)).toEqual([undefined, undefined]);
      expect(await expectSound(path)).toEqual(expect.arrayContaining(["x", "y"]));
    });
  }, 300_000);

  it("backup × prune: an incremental is whole, or is not made", async () => {
    await races(async (path) => {
      const parent = ["full", "one", "two"][random.int(3)] as string;
      const [made] = await race(
        { op: "increment", path, id: "x", parent },
        { op: "prune", path, ...POLICY },
      );
      refusedOrDone(made);
      if (made.code === undefined) expect(await expectSound(path)).toContain("x");
    });
  }, 300_000);

  it("prune × restore: the restore has the whole state, or is refused", async () => {
    await races(async (path) => {
      const id = ["full", "one", "two"][random.int(3)] as string;
      const [pruned, restored] = await race(
        { op: "prune", path, ...POLICY },
        { op: "restore", path, id },
      );
      expect(pruned.message).toBeUndefined();
      refusedOrDone(restored);
      if (restored.code === undefined) expect(restored.result.digest).toBe(digests.get(id));
    });
  }, 300_000);

  it("prune × prune: the last good backup of each namespace stays", async () => {
    await races(async (path) => {
      const outcomes = await race(
        { op: "prune", path, ...POLICY },
        { op: "prune", path, policy: { keepLast: 1 + random.int(2) } },
      );
      outcomes.forEach(refusedOrDone);
      expect(await expectSound(path)).toEqual(expect.arrayContaining(["two", "more"]));
    });
  }, 300_000);

  it("consolidate × restore: the restore has the whole state", async () => {
    await races(async (path) => {
      const id = ["one", "two"][random.int(2)] as string;
      const [merged, restored] = await race(
        { op: "consolidate", path, id },
        { op: "restore", path, id: "two" },
      );
      expect([merged.message, restored.message]).toEqual([undefined, undefined]);
      expect(restored.result.digest).toBe(digests.get("two"));
    });
  }, 300_000);

  it("repair × backup, prune, restore or repair: what is sound stays, what is damaged goes", async () => {
    await races(async (path) => {
      const data = join(path, "more", "data.nadb");
      const bytes = readFileSync(data);
      bytes[60] = (bytes[60] as number) ^ 1;
      writeFileSync(data, bytes);
      const tasks: readonly Task[] = [
        { op: "create", path, id: "x" },
        { op: "prune", path, ...POLICY },
        { op: "restore", path, id: "two" },
        { op: "repair", path },
      ];
      const outcomes = await race({ op: "repair", path }, tasks[random.int(4)] as Task);
      outcomes.forEach(refusedOrDone);
      await racers[0].must({ op: "repair", path });
      const ids = await expectSound(path);
      expect(ids).toEqual(expect.arrayContaining(["two", "other"]));
      expect(ids).not.toContain("more");
      expect(readdirSync(join(path, "quarantine", "more")).sort()).toEqual([
        "data.nadb",
        "metadata.json",
        "reason.json",
      ]);
    });
  }, 300_000);

  it("a killed owner: the other goes on at once", async () => {
    await races(async (path) => {
      const victim = await Racer.start("c");
      const tasks: readonly Task[] = [
        { op: "create", path, id: "x" },
        { op: "prune", path, ...POLICY },
        { op: "consolidate", path, id: "two" },
        { op: "restore", path, id: "two" },
      ];
      const work = victim.run(tasks[random.int(4)] as Task);
      await new Promise((resolve) => setTimeout(resolve, random.int(40)));
      await victim.kill();
      refusedOrDone(await work.then((outcome) => (outcome.code === "killed" ? {} : outcome)));
      const [, other] = racers;
      const isThere = (await expectSound(path)).includes("x");
      if (!isThere) await other.must({ op: "create", path, id: "x" });
      await other.must({ op: "consolidate", path, id: "two" });
      await other.must({ op: "prune", path, ...POLICY });
    });
  }, 300_000);
});
