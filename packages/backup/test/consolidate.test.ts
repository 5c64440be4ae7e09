// Consolidation: the same cut from less. Whatever happens on the way, every backup restores to what it did.
import { describe, expect, it } from "vitest";
import { Repository } from "../src/index.js";
import { CHAIN, chainedSite, runOf, sign } from "./support/chained.js";
import { copyOf, dieAtEveryStep, expectSound, nextProcess } from "./support/dying.js";
import { refuses } from "./support/fails.js";
import { pathsOf, readFile, writeFile } from "./support/files.js";
import { readJson, seal, writeJson } from "./support/manifest.js";
import { filesOf } from "./support/overlay.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { Clock, fill, openManager, openSite, openStore, type Site } from "./support/store.js";

/** What each backup restores to. */
async function digests({ target, clock }: Site, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const backupId of ids) {
    const copy = await openStore(clock.now);
    const manager = await openManager(copy, target, clock);
    expect(await manager.verifyBackup(backupId, { record: false })).toMatchObject({
      ok: true,
      findings: [],
    });
    const { head } = await manager.restoreBackup(backupId, { clearExisting: true });
    found.push(head.digest);
  }
  return found;
}

describe("consolidation", () => {
  it("makes a full of the same cut, without the store, and what hangs on it stays", async () => {
    const site = await chainedSite();
    const before = await digests(site, CHAIN);
    const one = await site.backups.getBackup("one");
    const merged = await site.backups.consolidateBackup("one");
    expect(merged).toMatchObject({
      backupType: "full",
      parentBackupId: null,
      fromCheckpoint: null,
      fromVersion: null,
      toCheckpoint: one.toCheckpoint,
      stateDigest: one.stateDigest,
      timestamp: one.timestamp,
      tombstoneCount: 0,
      dataFile: expect.stringMatching(/^data-\d{13}-[0-9a-f]{8}\.nadb$/),
    });
    expect(await site.backups.getBackup("one")).toEqual(merged);
    expect((await site.backups.getChain("two")).map((info) => info.backupId)).toEqual([
      "one",
      "two",
    ]);
    expect(await digests(site, CHAIN)).toEqual(before);
    await site.backups.deleteBackup("full");
    expect(await digests(site, ["one", "two"])).toEqual(before.slice(1));
    expect(await pathsOf(site.target)).not.toContain("one/data.nadb");
  });

  it("onto an ancestor keeps tombstones, and the ancestor", async () => {
    const site = await chainedSite();
    const before = await digests(site, CHAIN);
    const merged = await site.backups.consolidateBackup("two", { onto: "full" });
    expect(merged).toMatchObject({ backupType: "incremental", parentBackupId: "full" });
    expect((await runOf(site, "two")).map(sign)).toEqual([
      "-added",
      "-ends",
      "+k0001",
      "+k0002",
      "-k0003",
    ]);
    await site.backups.deleteBackup("one");
    expect(await digests(site, ["full", "two"])).toEqual([before[0], before[2]]);
  });

  it("is planned from the manifests: what is merged, what hangs on it, what it restores to", async () => {
    const site = await chainedSite();
    const one = await site.backups.getBackup("one");
    const full = await site.backups.getBackup("full");
    const paths = await pathsOf(site.target);
    expect(await site.backups.planConsolidation("one")).toEqual({
      backupId: "one",
      onto: null,
      merged: ["full", "one"],
      changeCount: full.fileCount + one.fileCount,
      storedSize: full.storedSize + one.storedSize,
      recordCount: 9,
      totalSize: one.stateBytes,
      dependents: ["two"],
    });
    const part = await site.backups.planConsolidation("two", { onto: "full" });
    expect(part).toMatchObject({ onto: "full", merged: ["one", "two"], dependents: [] });
    const none = { onto: null, merged: [], changeCount: 0, storedSize: 0 };
    expect(await site.backups.planConsolidation("full")).toMatchObject(none);
    await refuses("NADB_NOT_FOUND", () => site.backups.planConsolidation("none"));
    await refuses("NADB_INVALID_ARGUMENT", () =>
      site.backups.planConsolidation("one", { onto: "two" }),
    );
    expect(await pathsOf(site.target)).toEqual(paths);
  });

  it("of what needs nothing else is no work", async () => {
    const site = await chainedSite();
    const paths = await pathsOf(site.target);
    for (const [id, onto] of [
      ["full", null],
      ["one", "full"],
    ] as const) {
      const info = await site.backups.getBackup(id);
      expect(await site.backups.consolidateBackup(id, { onto })).toEqual(info);
    }
    expect(await pathsOf(site.target)).toEqual(paths);
  });

  it("can be done again, and goes on from there", async () => {
    const site = await chainedSite({ format: "json" });
    await site.backups.consolidateBackup("two", { onto: "full" });
    const again = await site.backups.consolidateBackup("two");
    expect(again).toMatchObject({
      dataFile: expect.stringMatching(/^data-\d{13}-[0-9a-f]{8}\.json\.gz$/),
      format: "nadb-json",
    });
    await site.store.set("later", "v");
    await site.backups.createIncrementalBackup("two", { backupId: "three" });
    await digests(site, [...CHAIN, "three"]);
  });

  it("refuses what is none of its ancestors, and a backup that is damaged", async () => {
    const site = await chainedSite();
    await refuses("NADB_INVALID_ARGUMENT", () =>
      site.backups.consolidateBackup("one", { onto: "two" }),
    );
    await refuses("NADB_INVALID_ARGUMENT", () =>
      site.backups.consolidateBackup("one", { onto: "one" }),
    );
    await refuses("NADB_NOT_FOUND", () => site.backups.consolidateBackup("none"));
    await site.target.remove("full/data.nadb");
    const paths = await pathsOf(site.target);
    await refuses("NADB_CORRUPTION", () => site.backups.consolidateBackup("two"));
    expect(await pathsOf(site.target)).toEqual(paths);
  });

  it.each([
    ["a state digest that is not its run's", ["state_digest"]],
    [
      "a run that is not its state's",
      ["checksum", "stored_size", "total_size", "file_count", "record_count", "tombstone_count"],
    ],
  ])("refuses %s, though every checksum is right, and publishes nothing", async (_, forged) => {
    const site = await chainedSite();
    const other = await openSite();
    await fill(other.store, 10);
    await other.backups.createBackup({ backupId: "full" });
    await other.store.set("k0002", "forged");
    await other.backups.createIncrementalBackup("full", { backupId: "two" });
    const theirs = await readJson(other.target, "two/metadata.json");
    const manifest = await readJson(site.target, "two/metadata.json");
    for (const name of forged) manifest[name] = theirs[name];
    await writeJson(site.target, "two/metadata.json", seal(manifest));
    if (forged.includes("checksum"))
      await writeFile(site.target, "two/data.nadb", await readFile(other.target, "two/data.nadb"));
    const before = await filesOf(site.target);
    for (const onto of ["full", null])
      await refuses("NADB_CORRUPTION", () => site.backups.consolidateBackup("two", { onto }));
    expect(await filesOf(site.target)).toEqual(before);
  });

  it("leaves the data it replaces while somebody reads it; the next run sweeps it", async () => {
    const site = await chainedSite();
    const repository = await Repository.open(site.target, { clock: site.clock.now });
    const reading = await repository.reading("two");
    await site.backups.consolidateBackup("one");
    expect(await pathsOf(site.target)).toContain("one/data.nadb");
    await site.backups.createBackup({ backupId: "meanwhile" });
    expect(await pathsOf(site.target)).toContain("one/data.nadb");
    await reading.release();
    await site.backups.createBackup({ backupId: "after" });
    expect(await pathsOf(site.target)).not.toContain("one/data.nadb");
    await digests(site, CHAIN);
  });

  it("on a target that dies at every step leaves every backup restorable, and a retry finishes", {
    timeout: 120_000,
  }, async () => {
    const site = await chainedSite();
    const before = await digests(site, CHAIN);
    const files = await filesOf(site.target);
    const deaths = await dieAtEveryStep(
      async () => ({ store: site.store, target: await copyOf(files), clock: new Clock() }),
      (manager) => manager.consolidateBackup("two"),
      async (scene) => {
        const manager = await nextProcess(scene);
        expect((await manager.listBackups()).map((info) => info.backupId)).toEqual([...CHAIN]);
        expect(await digests({ ...site, ...scene }, CHAIN)).toEqual(before);
        await manager.consolidateBackup("two");
        expect(await digests({ ...site, ...scene }, CHAIN)).toEqual(before);
        scene.clock.time += 2 * 24 * 60 * 60_000;
        await manager.createBackup({ backupId: "sweeps" });
        const paths = await pathsOf(scene.target);
        expect(paths.filter((path) => /^two\/(?!verified)/.test(path))).toEqual([
          expect.stringMatching(/^two\/data-\d{13}-[0-9a-f]{8}\.nadb$/),
          "two/metadata.json",
        ]);
        expect((await manager.verifyBackup("two")).ok).toBe(true);
      },
    );
    expect(deaths).toBeGreaterThan(40);
  });

  it("met at each step by a deletion: what was deleted does not come back", {
    timeout: 120_000,
  }, async () => {
    const site = await chainedSite();
    const files = await filesOf(site.target);
    const seen = { deleted: 0, refused: 0 };
    let wasReached = true;
    for (let at = 1; wasReached; at++) {
      wasReached = false;
      const target = await copyOf(files);
      const other = await openManager(site.store, target, site.clock);
      let isDeleted = false;
      const remove = async () => {
        try {
          await other.deleteBackup("two");
          isDeleted = true;
        } catch (error) {
          expect(error).toMatchObject({ code: "NADB_LOCKED" });
        }
      };
      const onStep = async (step: number) => {
        wasReached ||= step === at;
        if (step === at) await remove();
      };
      const stepping = new SteppingTarget(target, { onStep });
      const manager = await openManager(site.store, stepping, site.clock);
      const merged = await manager.consolidateBackup("two").catch((error) => error.code);
      const mayBe = isDeleted ? ["NADB_NOT_FOUND", "NADB_CONFLICT", "full"] : ["full"];
      expect(mayBe, `at ${at}`).toContain(merged.backupType ?? merged);
      expect(await expectSound(other), `at ${at}`).toEqual(isDeleted ? ["full", "one"] : CHAIN);
      if (wasReached) seen[isDeleted ? "deleted" : "refused"]++;
    }
    expect(seen.deleted).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(5);
  });
});
