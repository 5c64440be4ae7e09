// nadb backup prune, pin and unpin: what they show, what they ask, what they leave.
import { writeFileSync } from "node:fs";
import { BackupManager, directoryTarget } from "@nadb/backup";
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const DAY_MS = 86_400_000;
const FIRST = Date.parse("2026-11-01T03:00:00Z");

interface Shown {
  readonly backup: { readonly backupId: string };
  readonly action: string;
  readonly reasons: readonly string[];
}

describe("backup prune", () => {
  const { nadb, json, path } = inFolder();

  async function managerOf(namespace: string, clock: () => number) {
    const store = await KeyValueStore.open({ backend: memoryBackend(), namespace });
    return BackupManager.open({ store, target: directoryTarget(path("backups")), clock });
  }

  /** Daily backups "day1", …: the first a full, the others each laid over the one before. */
  async function daily(count: number, namespace = "default"): Promise<void> {
    let time = FIRST;
    const manager = await managerOf(namespace, () => time);
    await manager.createBackup({ backupId: `${namespace}1`, label: "first" });
    for (let day = 2; day <= count; day++) {
      time += DAY_MS;
      await manager.createIncrementalBackup(`${namespace}${day - 1}`, {
        backupId: `${namespace}${day}`,
      });
    }
  }

  const listed = async (): Promise<string[]> =>
    (await json("backup list")).backups.map(({ backupId }: { backupId: string }) => backupId);

  it("--dry-run shows every backup, its decision and its reasons, and does nothing", async () => {
    await daily(3);
    const { exitCode, stdout, stderr } = await nadb(
      "backup prune --keep-last 1 --consolidate --dry-run",
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      "DECISION     ID        SOURCE           TAKEN                     BECAUSE",
      "remove       default1  default/default  2026-11-01T03:00:00.000Z  no rule keeps it",
      "remove       default2  default/default  2026-11-02T03:00:00.000Z  no rule keeps it",
      "consolidate  default3  default/default  2026-11-03T03:00:00.000Z  last 1 of 1; the last good backup",
      "",
    ]);
    expect(await listed()).toEqual(["default1", "default2", "default3"]);
  });

  it("carries out what the dry run shows", async () => {
    await daily(4);
    const { plan, dryRun } = await json("backup prune --keep-daily 2 --consolidate --dry-run");
    expect(dryRun).toBe(true);
    const done = await json("backup prune --keep-daily 2 --consolidate --yes");
    expect(done).toMatchObject({
      dryRun: false,
      plan,
      consolidated: ["default3"],
      removed: ["default2", "default1"],
      left: [],
    });
    expect(await listed()).toEqual(["default3", "default4"]);
    expect((await nadb("backup verify")).exitCode).toBe(0);
    const again = await nadb("backup prune --keep-daily 2 --consolidate");
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain("removed 0 backups");
  });

  it("without --consolidate what a kept backup needs stays", async () => {
    await daily(3);
    const { plan } = await json("backup prune --keep-last 1 --yes");
    const reasons = plan.decisions.map(({ action, reasons }: Shown) => [action, reasons[0]]);
    expect(reasons).toEqual([
      ["keep", "needed by default3"],
      ["keep", "needed by default3"],
      ["keep", "last 1 of 1"],
    ]);
  });

  it("asks on a terminal, and elsewhere needs --yes", async () => {
    await daily(3);
    const { exitCode, stdout, stderr } = await nadb("backup prune --keep-last 1 --consolidate");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("remove       default1");
    expect(stderr).toContain("consolidate  default3");
    expect(stderr).toContain("add --yes");
    expect(await listed()).toHaveLength(3);
  });

  it.each([
    ["", "there is no retention policy"],
    [" --keep-last 0", "the retention policy keeps nothing"],
    [" --keep-last -1", "-1"],
    [" --keep-last 1.5", '--keep-last \\"1.5\\"'],
    [" --keep-within 0d", "no span of time"],
    [" --keep-within 30", "no span of time"],
    [" --keep-label ../x", "../x"],
    [" --keep-last 1 --time-zone Mars/Olympus", "Mars/Olympus"],
    [" --keep-forever 1", "--keep-forever"],
    [" --keep-last 1 --all-namespaces --namespace x", "do not go together"],
  ])("%s is refused", async (options, says) => {
    await daily(2);
    const { exitCode, stdout, stderr } = await nadb(`backup prune${options} --yes --json`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(await listed()).toHaveLength(2);
  });

  it("rules of every kind", async () => {
    await daily(9);
    const kept = async (rules: string): Promise<string[]> => {
      const { plan } = await json(`backup prune ${rules} --consolidate --dry-run`);
      const stays = (plan.decisions as Shown[]).filter(({ action }) => action !== "remove");
      return stays.map(({ backup }) => backup.backupId.slice("default".length));
    };
    expect(await kept("--keep-weekly 2")).toEqual(["8", "9"]); // 2026-11-08 is a Sunday
    expect(await kept("--keep-monthly 2 --keep-hourly 2")).toEqual(["8", "9"]);
    expect(await kept("--keep-yearly 1")).toEqual(["9"]);
    expect(await kept("--keep-within 2d")).toEqual(["7", "8", "9"]);
    expect(await kept("--keep-label first --keep-label other")).toEqual(["1", "9"]);
    expect(await kept("--keep-tag first")).toEqual(["1", "9"]);
    expect(await kept("--keep-label other --keep-tag first")).toEqual(["1", "9"]);
    expect(await kept("--keep-weekly 2 --time-zone Pacific/Honolulu")).toEqual(["2", "9"]);
  });

  it("only the namespace that is named, or each by itself", async () => {
    await daily(2, "orders");
    await daily(2, "users");
    const wrong = await nadb("backup prune --keep-last 1 --consolidate --yes");
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain("there is no backup of default/default");
    expect(wrong.stderr).toContain("default/orders, default/users");
    await json("backup prune --keep-last 1 --consolidate --yes --namespace orders");
    expect((await listed()).sort()).toEqual(["orders2", "users1", "users2"]);
    const other = await nadb("backup prune --keep-last 1 --yes --all-namespaces --db other");
    expect(other.exitCode).toBe(1);
    await json("backup prune --keep-last 1 --consolidate --yes --all-namespaces");
    expect((await listed()).sort()).toEqual(["orders2", "users2"]);
  });

  it("what could not be done is told, and exit 3", async () => {
    await daily(3);
    const lease = { owner: "somebody else", expiresAt: Date.now() + 50_000, nonce: "00" };
    writeFileSync(path("backups/default1/lease-000001.json"), JSON.stringify(lease));
    const { exitCode, stdout, stderr } = await nadb(
      "backup prune --keep-last 1 --consolidate --yes --json",
    );
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      removed: ["default2"],
      left: [{ step: { type: "remove", backupId: "default1" }, code: "NADB_LOCKED" }],
    });
    expect(JSON.parse(stderr)).toMatchObject({ code: "NADB_HELD_BACK" });
    expect(await listed()).toEqual(["default1", "default3"]);
  });

  it("where every backup is damaged nothing goes, and exit 3", async () => {
    await daily(2);
    writeFileSync(path("backups/default1/data.nadb"), "");
    const { exitCode, stdout, stderr } = await nadb("backup prune --keep-last 1 --dry-run");
    expect(exitCode).toBe(3);
    expect(stdout).toContain("(damaged)");
    expect(stderr).toContain("NADB_HELD_BACK: 2 backups would go, but are held");
  });

  it("an empty repository has nothing to prune", async () => {
    await daily(1);
    await json("backup delete default1 --force --yes");
    expect(await json("backup prune --keep-last 1")).toMatchObject({ removed: [] });
  });
});

describe("backup prune › nadb.config.json", () => {
  const { nadb, json, path } = inFolder();
  const configure = (retention: unknown): void =>
    writeFileSync(path("nadb.config.json"), JSON.stringify({ retention }));

  it("says the rules; options take their place", async () => {
    await nadb("set k v");
    for (const id of ["a", "b", "c"]) await nadb(`backup create ${id}`);
    configure({ keepLast: 2, keepWithin: "1ms", keepLabels: ["x"], timeZone: "Europe/Berlin" });
    const { plan } = await json("backup prune --dry-run");
    expect(plan.policy).toEqual({
      keepLast: 2,
      keepWithinSeconds: 0.001,
      keepLabels: ["x"],
      timeZone: "Europe/Berlin",
    });
    expect(plan.steps).toEqual([{ type: "remove", backupId: "a", relyingOn: "c" }]);
    const named = await json("backup prune --keep-last 1 --dry-run");
    expect(named.plan.policy).toEqual({ keepLast: 1 });
  });

  it.each<[unknown, string]>([
    [{ keepLast: -1 }, 'the field "retention.keepLast"'],
    [{ keepLast: "7" }, 'the field "retention.keepLast"'],
    [{ keepForever: 1 }, 'the field "retention.keepForever" is unknown'],
    [7, 'the field "retention"'],
    [{}, "keeps nothing"],
    [{ keepWithin: "soon" }, '"soon" is no span of time'],
  ])("%j is refused", async (retention, says) => {
    await nadb("set k v");
    await nadb("backup create a");
    configure(retention);
    const { exitCode, stderr } = await nadb("backup prune --dry-run --json");
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr).message).toContain(says);
  });
});

describe("backup delete › what others need", () => {
  const { nadb, json } = inFolder();

  it("is merged into them with --consolidate", async () => {
    await nadb("set k v");
    await nadb("backup create full");
    await nadb("set k w");
    await nadb("backup create next --incremental");
    const refused = await nadb("backup delete full --yes");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("--consolidate");
    const done = await json("backup delete full --consolidate --yes");
    expect(done).toEqual({ backupId: "full", deleted: true, mergedInto: ["next"], lostPoints: [] });
    const { backups } = await json("backup list");
    expect(backups).toMatchObject([{ backupId: "next", backupType: "full" }]);
    expect((await nadb("backup get next k")).stdout).toBe("w");
  });

  it("a pinned one is deleted with --force alone, and before anybody is asked", async () => {
    await nadb("set k v");
    await nadb("backup create a");
    await nadb("backup pin a");
    const { stderr } = await nadb("backup delete a");
    expect(stderr).toContain('NADB_CONFLICT: the backup "a" is pinned');
    const done = await json("backup delete a --force --yes");
    expect(done).toEqual({ backupId: "a", deleted: true, mergedInto: [], lostPoints: [] });
  });
});

describe("backup delete › what points of the archive need", () => {
  const { nadb, json } = inFolder();

  async function archived(): Promise<string> {
    for (const value of ["1", "2", "3"]) {
      await nadb(`set k ${value}`);
      await nadb("backup archive --once");
    }
    await nadb("set k 4");
    await nadb("backup create later");
    return (await json("backup list")).backups[0].backupId;
  }

  it("is refused; --force says what becomes unreachable, and does it", async () => {
    const base = await archived();
    const refused = await nadb(`backup delete ${base} --yes`);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("2 points of default/default");
    const forced = await nadb(`backup delete ${base} --force`);
    expect(forced.exitCode).toBe(2);
    expect(forced.stderr).toMatch(/^unreachable {2}2 points of default\/default, from /m);
    const done = await json(`backup delete ${base} --force --yes`);
    expect(done).toMatchObject({ deleted: true, lostPoints: [{ count: 2 }] });
    expect((await json("backup points")).points).toHaveLength(1);
  });

  it("by its label, too", async () => {
    await archived();
    const refused = await nadb("backup delete --label archive --yes");
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("2 points of default/default");
    expect((await nadb("backup delete --label archive --force")).stderr).toMatch(/^unreachable /m);
    const done = await json("backup delete --label archive --force --yes");
    expect(done).toMatchObject({ label: "archive", lostPoints: [{ count: 2 }] });
  });
});

describe("backup pin", () => {
  const { nadb, json } = inFolder();

  it("keeps a backup from prune and delete until it is unpinned", async () => {
    await nadb("set k v");
    for (const id of ["a", "b", "c"]) await nadb(`backup create ${id}`);
    expect(await json("backup pin a --reason audit")).toMatchObject({
      backupId: "a",
      reason: "audit",
    });
    await json("backup pin b");
    expect((await nadb("backup prune --keep-last 1 --dry-run")).stdout).toMatch(
      /^keep +a .*pinned: audit$/m,
    );
    expect((await json("backup prune --keep-last 1 --yes")).removed).toEqual([]);
    const { exitCode, stderr } = await nadb("backup delete a --yes");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('the backup "a" is pinned: audit');
    const list = (await nadb("backup list")).stdout.split("\n");
    expect(list[0]).toMatch(/PINNED$/);
    expect(list.slice(1, 4).map((line) => line.split(" ").at(-1))).toEqual(["audit", "yes", "-"]);
    expect((await json("backup list")).pins).toHaveLength(2);
    expect(await json("backup unpin a")).toEqual({ backupId: "a", unpinned: true });
    expect((await nadb("backup unpin a")).stdout).toBe("a was not pinned\n");
    expect((await json("backup prune --keep-last 1 --yes")).removed).toEqual(["a"]);
  });

  it("of an unknown backup is refused", async () => {
    await nadb("set k v");
    await nadb("backup create a");
    const { exitCode, stderr } = await nadb("backup pin none");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("NADB_NOT_FOUND");
  });
});
