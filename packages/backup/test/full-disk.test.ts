// Deleting on a target that takes no file any more: a full disk. There is no lease then, so whoever else works on the backup
// must be seen in another way.
import { NadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupTarget, memoryTarget, planRepair, repairRepository } from "../src/index.js";
import { readIndex } from "../src/index-file.js";
import { chainedSite } from "./support/chained.js";
import { expectSound } from "./support/dying.js";
import { refuses } from "./support/fails.js";
import { pathsOf } from "./support/files.js";
import { override } from "./support/override.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { fill, openManager, openSite, type Site } from "./support/store.js";

const noRoom = async (): Promise<never> => {
  throw new NadbError("NADB_IO", "there is no space left on the device");
};

/** Takes files only while `hasRoom` says so. */
const limited = (inner: BackupTarget, hasRoom: (path: string) => unknown): BackupTarget =>
  override(inner, {
    write: async (path, chunks, options) =>
      (await hasRoom(path)) ? inner.write(path, chunks, options) : noRoom(),
  });

const full = (inner: BackupTarget): BackupTarget => limited(inner, () => false);

async function three(): Promise<Site> {
  const site = await openSite();
  await fill(site.store, 5);
  for (const backupId of ["a", "b", "c"]) await site.backups.createBackup({ backupId });
  return site;
}

const managerOn = ({ store, clock }: Site, target: BackupTarget) =>
  openManager(store, target, clock);

describe("a full disk ›", () => {
  it("a backup can be deleted; the index learns of it with the next that is written", async () => {
    const site = await three();
    await (await managerOn(site, full(site.target))).deleteBackup("a");
    expect(await expectSound(site.backups)).toEqual(["b", "c"]);
    expect((await pathsOf(site.target)).filter((path) => path.startsWith("a/"))).toEqual([]);
    const before = await planRepair(site.backups.repository);
    expect(before.losses).toMatchObject([
      { name: "a", why: expect.stringContaining("or deleted") },
    ]);
    await site.backups.createBackup({ backupId: "d" });
    expect(await planRepair(site.backups.repository)).toMatchObject({ losses: [], steps: [] });
    await site.backups.createBackup({ backupId: "a" });
    expect((await site.backups.listBackups()).map(({ sequence }) => sequence)).toEqual([
      2, 3, 4, 5,
    ]);
  });

  it("the index is written once there is room", async () => {
    const site = await three();
    const hasGone = async () => (await site.target.size("a/data.nadb")) === undefined;
    await (await managerOn(site, limited(site.target, hasGone))).deleteBackup("a");
    expect([...((await readIndex(site.target))?.keys() ?? [])]).toEqual(["b", "c"]);
    expect(await planRepair(site.backups.repository)).toMatchObject({ losses: [], steps: [] });
  });

  it("pruning deletes what is to go", async () => {
    const site = await three();
    const manager = await managerOn(site, full(site.target));
    const { removed, left } = await manager.pruneBackups({ keepLast: 1 });
    expect([removed, left]).toEqual([["b", "a"], []]);
    expect(await expectSound(site.backups)).toEqual(["c"]);
  });

  it("nothing goes of which the index has no copy, for it could not be put back", async () => {
    const site = await three();
    const manager = await managerOn(site, full(site.target));
    await site.target.remove("metadata.json");
    await refuses("NADB_IO", () => manager.deleteBackup("a"));
    expect(await expectSound(site.backups)).toEqual(["a", "b", "c"]);
  });

  it("what is pinned, needed, being read or worked on stays", async () => {
    const site = await chainedSite();
    const { backups, target } = site;
    const manager = await managerOn(site, full(target));
    await refuses("NADB_CONFLICT", () => manager.deleteBackup("one"), "two");
    await backups.pinBackup("two");
    await refuses("NADB_CONFLICT", () => manager.deleteBackup("two"), "pinned");
    await backups.unpinBackup("two");
    await using reading = await backups.repository.reading("two");
    await refuses("NADB_LOCKED", () => manager.deleteBackup("two"));
    await reading.release();
    expect(await expectSound(backups)).toEqual(["full", "one", "two"]);
    await manager.deleteBackup("two");
    expect(await expectSound(backups)).toEqual(["full", "one"]);
  });
});

describe("a full disk, and somebody who found room, at any step ›", () => {
  const INCREMENTAL = (site: Site) =>
    site.backups.createIncrementalBackup("two", { backupId: "b" }).catch(() => undefined);

  /** Deletes "two" without a lease while the other works at one step after another; looks at what each leaves. */
  async function besides(
    hasRoom: (path: string) => boolean,
    work: (site: Site) => Promise<unknown>,
    check: (site: Site, isDeleted: boolean) => Promise<void>,
  ): Promise<void> {
    const outcomes = new Set<boolean>();
    for (let at = 1, came = true; came; at++) {
      const site = await chainedSite({}, memoryTarget());
      came = false;
      const stepping = new SteppingTarget(site.target, {
        onStep: async (step) => {
          if (step !== at) return;
          came = true;
          await work(site);
        },
      });
      const manager = await managerOn(site, limited(stepping, hasRoom));
      const isDeleted = await manager.deleteBackup("two").then(
        () => true,
        () => false,
      );
      await check(site, isDeleted);
      outcomes.add(isDeleted);
    }
    expect([...outcomes].sort()).toEqual([false, true]);
  }

  it("an incremental upon it: never one without the other", { timeout: 120_000 }, async () => {
    const hasRoom = (path: string) => path.endsWith("/metadata.json");
    await besides(hasRoom, INCREMENTAL, async ({ backups }, isDeleted) => {
      const listed = await expectSound(backups);
      expect(listed.includes("two")).toBe(!isDeleted);
      if (isDeleted) expect(listed).not.toContain("b");
    });
  });

  it("also where its manifest can not be put back: a repair brings it", {
    timeout: 120_000,
  }, async () => {
    await besides(
      () => false,
      INCREMENTAL,
      async ({ backups }, isDeleted) => {
        await repairRepository(backups.repository);
        const listed = await expectSound(backups);
        expect(listed.includes("two")).toBe(!isDeleted);
        if (isDeleted) expect(listed).not.toContain("b");
      },
    );
  });

  it("a pin: it holds, or the backup was gone before", async () => {
    const hasRoom = (path: string) => path.endsWith("/metadata.json");
    const pin = (site: Site) => site.backups.pinBackup("two").catch(() => undefined);
    await besides(hasRoom, pin, async ({ backups }, isDeleted) => {
      expect((await expectSound(backups)).includes("two")).toBe(!isDeleted);
      expect((await backups.listPins()).length).toBe(isDeleted ? 0 : 1);
    });
  });
});
