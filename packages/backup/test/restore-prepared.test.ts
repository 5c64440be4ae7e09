// A prepared restore: what was planned is what is restored, whatever others do to the repository in between.
import { describe, expect, it } from "vitest";
import { compact } from "../src/archive/compact.js";
import { Follower } from "../src/archive/follower.js";
import type { Progress } from "../src/index.js";
import { backupsBeingRead } from "../src/readers.js";
import { chainedSite } from "./support/chained.js";
import { refuses } from "./support/fails.js";
import { pathsOf } from "./support/files.js";
import { ManualTimer } from "./support/manual-timer.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { measure, openManager, openSite, openStore, type Site } from "./support/store.js";
import { VirtualTimer } from "./support/virtual-timer.js";

const MINUTE = 60_000;

/** A manager of another process, which restores into a store of its own. */
async function restorer({ target, clock }: Site) {
  const store = await openStore(clock.now);
  const manager = await openManager(store, target, clock);
  const digest = async () => (await measure(store.storage)).digest;
  return { store, manager, digest };
}

const beingRead = async ({ target, clock }: Site): Promise<string[]> =>
  [...(await backupsBeingRead(target, clock.time))].sort();

describe("a prepared restore ›", () => {
  it("is carried out as planned when the backup was deleted meanwhile", async () => {
    const site = await chainedSite();
    const { manager, digest } = await restorer(site);
    const { stateDigest } = await site.backups.getBackup("one");
    {
      await using prepared = await manager.prepareRestore("one", { clearExisting: true });
      expect(prepared.info.backupId).toBe("one");
      const plan = await prepared.plan();
      expect(plan).toMatchObject({ backupId: "one", chain: ["full", "one"], add: 9 });
      for (const id of ["two", "one", "full"]) await site.backups.deleteBackup(id);
      const { recordCount } = await prepared.execute();
      expect(recordCount).toBe(plan.add);
    }
    expect(await digest()).toBe(stateDigest);
    expect(await beingRead(site)).toEqual([]);
  });

  it("is held for as long as somebody thinks about it, and then no longer", async () => {
    const site = await chainedSite();
    const { manager, digest } = await restorer(site);
    const { stateDigest } = await site.backups.getBackup("one");
    const timer = new ManualTimer(site.clock);
    const prepared = await manager.prepareRestore("one", { clearExisting: true, timer });
    await timer.pass(10 * MINUTE);
    expect(await beingRead(site)).toEqual(["full", "one"]);
    await site.backups.deleteBackup("two");
    await site.backups.deleteBackup("one");
    await site.backups.repository.sweepLeftovers();
    await prepared.execute();
    expect(await digest()).toBe(stateDigest);
    await prepared[Symbol.asyncDispose]();
    expect(await beingRead(site)).toEqual([]);
    await site.backups.repository.sweepLeftovers();
    expect((await pathsOf(site.target)).filter((path) => /^(one|readers)\//.test(path))).toEqual(
      [],
    );
  });

  it.each([-1, 1])("is held though the clock jumps by %i days", async (days) => {
    const site = await chainedSite();
    const { manager } = await restorer(site);
    const timer = new VirtualTimer(site.clock);
    await using _ = await manager.prepareRestore("one", { timer });
    timer.jump(days * 24 * 60 * MINUTE);
    await timer.pass(MINUTE);
    expect(await beingRead(site)).toEqual(["full", "one"]);
  });

  it("reads the backup whole once for the plan, and once to load it", async () => {
    const site = await chainedSite();
    const phases: Progress["phase"][] = [];
    const onProgress = ({ phase }: Progress): void => {
      if (phases.at(-1) !== phase) phases.push(phase);
    };
    const { manager } = await restorer(site);
    await using planned = await manager.prepareRestore("two");
    await planned.plan({ onProgress });
    await planned.execute({ onProgress });
    expect(phases.splice(0)).toEqual(["check", "load"]);
    await using unplanned = await manager.prepareRestore("two");
    await unplanned.execute({ onProgress });
    expect(phases.splice(0)).toEqual(["check", "load"]);
    await using unproven = await manager.prepareRestore("two", { verifyIntegrity: false });
    await unproven.execute({ onProgress });
    expect(phases).toEqual(["load"]);
  });

  it("goes into another namespace than it was planned for, when that is said", async () => {
    const site = await chainedSite();
    const { manager } = await restorer(site);
    const other = await restorer(site);
    await using prepared = await manager.prepareRestore("two");
    const { add, filtered, expired } = await prepared.plan();
    const restored = await prepared.execute({ into: other.store.storage });
    expect(restored).toMatchObject({ recordCount: add, filtered, expired });
    expect((await manager.storage.head()).count).toBe(0);
    expect(await other.digest()).toBe(restored.head.digest);
  });

  it("that can not be prepared holds nothing", async () => {
    const { backups, target } = await chainedSite();
    await refuses("NADB_NOT_FOUND", () => backups.prepareRestore("nosuch"), "nosuch");
    await refuses("NADB_NOT_FOUND", () => backups.prepareRestore({ point: "nosuch" }), "nosuch");
    await refuses("NADB_INVALID_ARGUMENT", () =>
      backups.prepareRestore("one", { ttl: "x" as "keep" }),
    );
    expect(await target.list("readers")).toEqual([]);
  });
});

describe("a prepared restore to a time ›", () => {
  /** A value a second, each archived. */
  async function archivedSite(): Promise<Site> {
    const site = await openSite();
    for (const value of ["1", "2", "3"]) await write(site, value);
    return site;
  }

  async function write(site: Site, value: string): Promise<void> {
    site.clock.time += 1_000;
    await site.store.set("k", value);
    await site.backups.archiveOnce();
  }

  it("restores the point that was planned, though there is a newer one not later than that time", async () => {
    const site = await archivedSite();
    const { manager, store } = await restorer(site);
    const at = site.clock.time + MINUTE;
    await using prepared = await manager.prepareRestore({ at });
    const plan = await prepared.plan();
    await write(site, "4");
    const restored = await prepared.execute();
    expect(restored.point).toEqual(plan.point);
    expect(prepared.point).toEqual(plan.point);
    expect(restored.point).toMatchObject({ version: 3, time: at - MINUTE });
    expect(await store.get("k")).toEqual(new TextEncoder().encode("3"));
    expect((await manager.planRestore({ at })).point.version).toBe(4);
  });

  /** Whatever can be merged is, and what was merged goes unless somebody reads. */
  async function compactAll(site: Site, target = site.target): Promise<string[]> {
    const { repository, storage } = site.backups;
    const policy = [{ everySeconds: 60, forSeconds: 120 }];
    const follower = await Follower.begin(repository, storage, { everySeconds: 1 });
    const compactor = { repository, target, lease: follower.lease, clock: site.clock.now };
    const steps: string[] = [];
    for await (const { type } of compact(compactor, storage.id, policy)) steps.push(type);
    await follower.lease.release();
    return steps;
  }

  it("though what leads to it is merged meanwhile, which goes only afterwards", async () => {
    const site = await archivedSite();
    const { manager, store } = await restorer(site);
    const timer = new ManualTimer(site.clock);
    const prepared = await manager.prepareRestore({ at: site.clock.time - 1_000 }, { timer });
    expect((await prepared.plan()).chain).toHaveLength(2);
    await timer.pass(200_000);
    await write(site, "later");
    const before = await pathsOf(site.target);
    expect(await compactAll(site)).toContain("merged");
    expect(await pathsOf(site.target)).toEqual(expect.arrayContaining(before));
    await prepared.execute();
    expect(await store.get("k")).toEqual(new TextEncoder().encode("2"));
    await prepared[Symbol.asyncDispose]();
    expect(await site.target.list("readers")).toEqual([]);
    expect(await compactAll(site)).toContain("removed");
  });

  it("though its segments went, where others did not see that it reads: it takes what replaced them", async () => {
    const site = await archivedSite();
    const { manager, store } = await restorer(site);
    const unaware = new SteppingTarget(site.target, {
      onStep: () => undefined,
      isGone: () => true,
    });
    const { latest } = await site.backups.points();
    await using prepared = await manager.prepareRestore({ at: site.clock.time });
    site.clock.time += 200_000;
    await write(site, "later");
    expect(await compactAll(site, unaware)).toContain("removed");
    const restored = await prepared.execute();
    expect(restored.point).toEqual(latest);
    expect(await store.get("k")).toEqual(new TextEncoder().encode("3"));
  });
});

describe("what to restore is checked ›", () => {
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ["a time as text", { at: "2026" }, '"2026" is no time'],
    ["no time", { at: undefined }, "undefined is no time"],
    ["nothing", undefined, "undefined is no time"],
    ["an empty object", {}, "undefined is no time"],
    ["a point that is no id", { point: 7 }, "a point is named by its id"],
    ["both", { point: "one", at: 0 }, "not by both"],
  ];

  it.each(wrong)("%s is refused with a hint", async (_, what, says) => {
    const { backups } = await openSite();
    const calls = [
      () => backups.restoreBackup(what as { at: number }),
      () => backups.planRestore(what as { at: number }),
      () => backups.prepareRestore(what as { at: number }),
    ];
    for (const run of calls) {
      await expect(run()).rejects.toMatchObject({
        code: "NADB_INVALID_ARGUMENT",
        message: expect.stringContaining(says),
        hint: expect.stringContaining("give "),
      });
    }
  });

  it.each([undefined, null, "2026", {}])("getAt as of %s is refused with a hint", async (at) => {
    const { backups } = await openSite();
    await expect(backups.getAt("k", at as unknown as number)).rejects.toMatchObject({
      code: "NADB_INVALID_ARGUMENT",
      hint: "give a Date, or ms since 1970",
    });
  });
});
