// Plans of retention, carried out: what goes, what is merged, what is left when others work on the repository meanwhile.
import { describe, expect, it } from "vitest";
import { pruneBackups, type RetentionStep } from "../../src/index.js";
import { Lease } from "../../src/lease.js";
import { chainedSite } from "../support/chained.js";
import { expectSound, filesOf } from "../support/dying.js";
import { patchFile, snapshotOf } from "../support/files.js";
import { filesIn } from "../support/history.js";
import { fill, openManager, openSite, type Site } from "../support/store.js";

const DAY_MS = 86_400_000;

/** Fulls "day1" to "day9", a day apart, each of another content. */
async function daily(): Promise<Site> {
  const site = await openSite();
  for (let day = 1; day <= 9; day++) {
    await site.store.set(`k${day}`, "v");
    await site.backups.createBackup({ backupId: `day${day}` });
    site.clock.time += DAY_MS;
  }
  return site;
}

const idsOf = async ({ backups }: Site): Promise<string[]> =>
  (await backups.listBackups()).map(({ backupId }) => backupId);

describe("clean-up", () => {
  it.each([
    [{ keepDays: 2, keepCount: 5 }, 4],
    [{ keepDays: 5, keepCount: 2 }, 3],
    [{ keepDays: 100, keepCount: 1 }, 0],
    [{ keepDays: 0, keepCount: 100 }, 0],
    [{ keepDays: 0, keepCount: 1 }, 8],
    [{ keepDays: 1 }, 7],
  ])("%j: a backup goes only when it is beyond both; %i go", async (policy, count) => {
    const site = await daily();
    expect(await site.backups.cleanupOldBackups(policy)).toBe(count);
    const left = Array.from({ length: 9 - count }, (_, i) => `day${i + count + 1}`);
    expect(await expectSound(site.backups)).toEqual(left);
    expect(await filesIn(site.target)).toEqual(filesOf(...left));
  });

  it("is of the manager's namespace alone", async () => {
    const site = await daily();
    const other = await openSite(site.target);
    const namespace = { db: "x", namespace: "other" };
    const storage = Object.create(other.store.storage, { id: { value: namespace } });
    const manager = await openManager(storage, site.target, site.clock);
    await manager.createBackup({ backupId: "other" });
    expect(await site.backups.cleanupOldBackups({ keepCount: 8 })).toBe(1);
    expect(await idsOf(site)).toContain("other");
    expect(await manager.cleanupOldBackups({ keepCount: 1 })).toBe(0);
    const all = await manager.planPrune({ keepLast: 1 }, { only: null });
    expect(all.decisions).toHaveLength(9);
  });

  it("refuses an empty policy, and deletes nothing", async () => {
    const site = await daily();
    for (const policy of [{}, { keepDays: 0, keepCount: 0 }, { keepDays: -1, keepCount: 7 }]) {
      await expect(site.backups.cleanupOldBackups(policy)).rejects.toMatchObject({
        code: "NADB_INVALID_ARGUMENT",
      });
    }
    expect(await idsOf(site)).toHaveLength(9);
  });
});

describe("prune", () => {
  it("a plan changes nothing, and is what is carried out", async () => {
    const site = await daily();
    const before = await snapshotOf(site.target);
    const plan = await site.backups.planPrune({ keepLast: 2, keepWeekly: 2 });
    expect(await snapshotOf(site.target)).toEqual(before);
    const steps: RetentionStep[] = [];
    const pruning = await pruneBackups(site.backups.repository, plan, {
      onStep: (step) => void steps.push(step),
    });
    expect(steps).toEqual(plan.steps);
    expect(pruning.removed).toEqual(plan.steps.map(({ backupId }) => backupId));
    expect(pruning).toMatchObject({ plan, left: [], consolidated: [] });
    expect(pruning.freedBytes).toBe(plan.removedBytes);
    expect(await filesIn(site.target)).toEqual(filesOf(...(await idsOf(site))));
    const again = await site.backups.pruneBackups({ keepLast: 2, keepWeekly: 2 });
    expect(again).toMatchObject({ removed: [], freedBytes: 0 });
  });

  it("keeps what a kept backup is restored from", async () => {
    const { backups } = await chainedSite();
    const { removed, plan } = await backups.pruneBackups({ keepLast: 1 });
    expect(removed).toEqual([]);
    expect(plan.decisions.map(({ reasons }) => reasons[0])).toEqual([
      "needed by two",
      "needed by two",
      "last 1 of 1",
    ]);
  });

  it("or merges it: the same content, the same cut, fewer backups", async () => {
    const site = await chainedSite();
    const { backups, target, store } = site;
    const before = await backups.getBackup("two");
    const pruning = await backups.pruneBackups({ keepLast: 1 }, { consolidate: true });
    expect(pruning).toMatchObject({ consolidated: ["two"], removed: ["one", "full"], left: [] });
    expect(await expectSound(backups)).toEqual(["two"]);
    const after = await backups.getBackup("two");
    expect(after).toMatchObject({ backupType: "full", stateDigest: before.stateDigest });
    const freed = pruning.plan.removedBytes + before.storedSize - after.storedSize;
    expect(pruning.freedBytes).toBe(freed);
    await store.set("later", "v");
    await backups.createIncrementalBackup("two", { backupId: "three" });
    expect(await expectSound(backups)).toEqual(["two", "three"]);
    expect(await filesIn(target)).toHaveLength(filesOf("two", "three").length);
  });

  it("branches are merged each for itself, onto the nearest that stays", async () => {
    const site = await chainedSite();
    const { backups, store } = site;
    await backups.createIncrementalBackup("one", { backupId: "side" });
    await store.set("last", "v");
    await backups.createIncrementalBackup("two", { backupId: "three" });
    await backups.pinBackup("full");
    const pruning = await backups.pruneBackups({ keepLast: 2 }, { consolidate: true });
    expect(pruning).toMatchObject({ consolidated: ["side", "three"], removed: ["two", "one"] });
    expect(await expectSound(backups)).toEqual(["full", "side", "three"]);
    const chains = await Promise.all(["side", "three"].map((id) => backups.getChain(id)));
    expect(chains.map((chain) => chain.map(({ backupId }) => backupId))).toEqual([
      ["full", "side"],
      ["full", "three"],
    ]);
  });
});

describe("prune › beside others", () => {
  it("a backup that was laid over one that should go: it stays, and so do those before it", async () => {
    const site = await chainedSite();
    const { backups, store } = site;
    await store.set("more", "v");
    await backups.createBackup({ backupId: "new" });
    const plan = await backups.planPrune({ keepLast: 1 });
    await backups.createIncrementalBackup("one", { backupId: "late" });
    const { removed, left } = await pruneBackups(backups.repository, plan);
    expect(removed).toEqual(["two"]);
    expect(left.map(({ step, code }) => [step.backupId, code])).toEqual([
      ["one", "NADB_CONFLICT"],
      ["full", "NADB_CONFLICT"],
    ]);
    expect(left[0]?.why).toContain('"late" can not be restored without "one"');
    expect(await expectSound(backups)).toEqual(["full", "one", "new", "late"]);
  });

  it("something unusual that has come since: nothing older goes until it is accepted", async () => {
    const site = await daily();
    const { backups, store } = site;
    const plan = await backups.planPrune({ keepLast: 1 });
    await store.deleteMany(Array.from({ length: 9 }, (_, i) => `k${i + 1}`));
    await backups.createBackup({ backupId: "emptied" });
    const { removed, left } = await pruneBackups(backups.repository, plan);
    expect(removed).toEqual([]);
    expect(left).toHaveLength(8);
    expect(left[0]).toMatchObject({
      code: "NADB_CONFLICT",
      why: '"emptied" has come since the plan was made, and is unusual: it is empty, the one before it held 9 records',
    });
    await backups.acceptBackup("emptied");
    expect((await pruneBackups(backups.repository, plan)).removed).toHaveLength(8);
  });

  it("something usual that has come since holds nothing, and no more does one of another namespace", async () => {
    const site = await daily();
    const { backups } = site;
    const plan = await backups.planPrune({ keepLast: 1 });
    await backups.createBackup({ backupId: "usual" });
    const other = await openSite();
    const id = { db: "x", namespace: "other" };
    const storage = Object.create(other.store.storage, { id: { value: id } });
    const beside = await openManager(storage, site.target, site.clock);
    await other.store.set("a", "1");
    await beside.createBackup({ backupId: "filled" });
    await other.store.delete("a");
    await beside.createBackup({ backupId: "emptied" });
    expect((await pruneBackups(backups.repository, plan)).removed).toHaveLength(8);
  });

  it("one that somebody else has deleted is gone, and no failure", async () => {
    const site = await daily();
    const plan = await site.backups.planPrune({ keepLast: 7 });
    await site.backups.deleteBackup("day1");
    const { removed, gone, left } = await pruneBackups(site.backups.repository, plan);
    expect({ removed, gone, left }).toEqual({ removed: ["day2"], gone: ["day1"], left: [] });
  });

  it("one that another prune takes meanwhile is gone by then", async () => {
    const site = await daily();
    const { repository } = site.backups;
    const plan = await site.backups.planPrune({ keepLast: 7 });
    const pruned = await Promise.all([1, 2].map(() => pruneBackups(repository, plan)));
    expect(pruned.flatMap(({ removed }) => removed).toSorted()).toEqual(["day1", "day2"]);
    expect(pruned.map(({ removed, gone }) => [...removed, ...gone].length)).toEqual([2, 2]);
    expect(pruned.flatMap(({ left }) => left)).toEqual([]);
  });

  it("one that somebody works on is left", async () => {
    const site = await daily();
    await Lease.acquire(site.target, "day1", site.backups.repository.host);
    const { removed, left } = await site.backups.pruneBackups({ keepLast: 7 });
    expect(removed).toEqual(["day2"]);
    expect(left).toMatchObject([{ step: { backupId: "day1" }, code: "NADB_LOCKED" }]);
  });

  it("nothing goes when the backup that the plan relies on is gone", async () => {
    const site = await daily();
    const plan = await site.backups.planPrune({ keepLast: 1 });
    await site.backups.deleteBackup("day9");
    const { removed, left } = await pruneBackups(site.backups.repository, plan);
    expect(removed).toEqual([]);
    expect(left).toHaveLength(8);
    expect(left[0]?.why).toBe('"day9", which was to stay, is gone');
    expect(await idsOf(site)).toHaveLength(8);
    expect(await filesIn(site.target)).not.toContain("day9/lease-000001.json");
  });

  it("two that would each keep the other's: something good is always left", async () => {
    const site = await openSite();
    await fill(site.store, 3);
    for (const backupId of ["a", "b"]) await site.backups.createBackup({ backupId });
    const { repository } = site.backups;
    const plan = await site.backups.planPrune({ keepLast: 1 });
    const opposite = {
      ...plan,
      steps: [{ type: "remove", backupId: "b", relyingOn: "a" } as const],
    };
    await Promise.all([pruneBackups(repository, plan), pruneBackups(repository, opposite)]);
    expect((await expectSound(site.backups)).length).toBeGreaterThan(0);
  });

  it("an abort ends it between two steps", async () => {
    const site = await daily();
    const controller = new AbortController();
    const onStep = ({ backupId }: RetentionStep) => {
      if (backupId === "day5") controller.abort(new Error("enough"));
    };
    const pruning = site.backups.pruneBackups(
      { keepLast: 1 },
      { onStep, signal: controller.signal },
    );
    await expect(pruning).rejects.toThrow("enough");
    expect(await expectSound(site.backups)).toEqual(["day1", "day2", "day3", "day4", "day9"]);
  });
});

describe("prune › and damage", () => {
  it("a file of the wrong size is damage: it takes no good one's place", async () => {
    const site = await daily();
    await patchFile(site.target, "day9/data.nadb", (bytes) => bytes.subarray(1));
    const { removed, plan } = await site.backups.pruneBackups({ keepLast: 2 });
    expect(removed).toEqual(["day6", "day5", "day4", "day3", "day2", "day1"]);
    expect(plan.decisions.at(-1)).toMatchObject({ isGood: false, reasons: ["last 1 of 2"] });
  });

  it("what the last verification has found counts, too", async () => {
    const site = await daily();
    await patchFile(site.target, "day9/data.nadb", (bytes) => bytes.fill(0, 40, 60));
    const before = await site.backups.planPrune({ keepLast: 1 });
    expect(before.decisions.at(-1)).toMatchObject({ isGood: true });
    await site.backups.verifyBackup("day9");
    const { plan } = await site.backups.pruneBackups({ keepLast: 1 });
    expect(plan.decisions.at(-1)).toMatchObject({ isGood: false });
    expect(await idsOf(site)).toEqual(["day8", "day9"]);
  });

  it("what is known from elsewhere counts, too", async () => {
    const site = await daily();
    const damaged = new Set(["day8", "day9"]);
    const { plan } = await site.backups.pruneBackups({ keepLast: 1 }, { damaged });
    const kept = plan.decisions.filter(({ action }) => action === "keep");
    expect(kept.map(({ backup }) => backup.backupId)).toEqual(["day7", "day9"]);
  });

  it("a manifest that can not be read is told, and what it is laid over stays", async () => {
    const site = await chainedSite();
    const { backups, store, target } = site;
    await store.set("more", "v");
    await backups.createBackup({ backupId: "new" });
    await patchFile(target, "two/metadata.json", () => Buffer.from("{"));
    const plan = await backups.planPrune({ keepLast: 1 });
    expect(plan.findings).toMatchObject([{ backupId: "two", what: "unreadable" }]);
    expect(plan.steps).toEqual([]);
    expect(plan.decisions.map(({ reasons }) => reasons[0])).toEqual([
      "needed by one",
      "needed by two, which can not be read",
      "last 1 of 1",
    ]);
  });

  it("found while merging: the backup and all that it needs is left", async () => {
    const site = await chainedSite();
    await patchFile(site.target, "one/data.nadb", (bytes) => bytes.fill(0, 40, 60));
    const pruning = await site.backups.pruneBackups({ keepLast: 1 }, { consolidate: true });
    expect(pruning).toMatchObject({ removed: [], consolidated: [], freedBytes: 0 });
    expect(pruning.left.map(({ step, code }) => [step.backupId, code])).toEqual([
      ["two", "NADB_CORRUPTION"],
      ["one", "NADB_CONFLICT"],
      ["full", "NADB_CONFLICT"],
    ]);
    expect(await idsOf(site)).toEqual(["full", "one", "two"]);
  });
});
