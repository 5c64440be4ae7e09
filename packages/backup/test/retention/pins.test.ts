// Pins: what nothing deletes, and what becomes of the file that says so.
import { describe, expect, it } from "vitest";
import { pruneBackups } from "../../src/index.js";
import { Lease } from "../../src/lease.js";
import { chainedSite } from "../support/chained.js";
import { copyOf, dieAtEveryStep, expectSound, filesOf, nextProcess } from "../support/dying.js";
import { readFile, writeFile } from "../support/files.js";
import { filesIn } from "../support/history.js";
import { readJson } from "../support/manifest.js";
import { filesOf as contentsOf } from "../support/overlay.js";
import { openManager, START } from "../support/store.js";

const PINNED_AT = new Date(START + 2_000).toISOString();
const conflict = { code: "NADB_CONFLICT" };

describe("a pin", () => {
  it("is a file beside the manifest, which stays as it is", async () => {
    const { backups, target } = await chainedSite();
    const manifest = await readFile(target, "one/metadata.json");
    const pin = await backups.pinBackup("one", { reason: "for the audit" });
    expect(pin).toEqual({ backupId: "one", reason: "for the audit", pinnedAt: PINNED_AT });
    expect(await readJson(target, "one/pin.json")).toEqual({
      format: "nadb-pin",
      format_version: 1,
      reason: "for the audit",
      pinned_at: PINNED_AT,
    });
    expect(await readFile(target, "one/metadata.json")).toEqual(manifest);
    expect(await backups.listPins()).toEqual([pin]);
    expect(await expectSound(backups)).toEqual(["full", "one", "two"]);
  });

  it("needs no reason, takes a new one, and is gone when it is taken back", async () => {
    const { backups, target } = await chainedSite();
    expect(await backups.pinBackup("two")).toMatchObject({ reason: null });
    await backups.pinBackup("two", { reason: "later" });
    expect(await backups.listPins()).toMatchObject([{ backupId: "two", reason: "later" }]);
    expect(await backups.unpinBackup("two")).toBe(true);
    expect(await backups.unpinBackup("two")).toBe(false);
    expect(await backups.listPins()).toEqual([]);
    expect(await filesIn(target)).toEqual(filesOf("full", "one", "two"));
  });

  it.each([[""], ["x".repeat(1_001)], [7 as unknown as string]])(
    "of the reason %j is refused",
    async (reason) => {
      const { backups } = await chainedSite();
      const refused = { code: "NADB_INVALID_ARGUMENT" };
      await expect(backups.pinBackup("two", { reason })).rejects.toMatchObject(refused);
      expect(await backups.listPins()).toEqual([]);
    },
  );

  it("of an unknown backup is refused, and leaves nothing", async () => {
    const { backups, target } = await chainedSite();
    const files = await filesIn(target);
    await expect(backups.pinBackup("none")).rejects.toMatchObject({ code: "NADB_NOT_FOUND" });
    await expect(backups.unpinBackup("none")).rejects.toMatchObject({ code: "NADB_NOT_FOUND" });
    await expect(backups.pinBackup("../x")).rejects.toMatchObject({
      code: "NADB_INVALID_ARGUMENT",
    });
    expect(await filesIn(target)).toEqual(files);
  });

  it.each(["", "{", "[]", '{"format": "other"}', "\u0000"])(
    "that can not be read, %j, holds",
    async (content) => {
      const { backups, target } = await chainedSite();
      await writeFile(target, "two/pin.json", content);
      await expect(backups.deleteBackup("two")).rejects.toMatchObject(conflict);
      const [pin] = await backups.listPins();
      expect(pin).toMatchObject({ backupId: "two", reason: "its pin can not be read" });
      expect(await backups.unpinBackup("two")).toBe(true);
      await backups.deleteBackup("two");
    },
  );
});

describe("a pinned backup › is not deleted", () => {
  it("by delete, which says what for", async () => {
    const { backups, target } = await chainedSite();
    await backups.pinBackup("two", { reason: "for the audit" });
    await expect(backups.deleteBackup("two")).rejects.toMatchObject({
      ...conflict,
      message: 'the backup "two" is pinned: for the audit',
    });
    await expect(backups.repository.delete("two")).rejects.toMatchObject(conflict);
    await expect(backups.deleteBackup("two", { consolidate: true })).rejects.toMatchObject(
      conflict,
    );
    expect(await filesIn(target)).toEqual(
      [...filesOf("full", "one", "two"), "two/pin.json"].sort(),
    );
  });

  it("by prune and clean-up, nor is what it is laid over", async () => {
    const { backups, store } = await chainedSite();
    await backups.pinBackup("one");
    await store.set("more", "v");
    await backups.createBackup({ backupId: "new" });
    expect(await backups.cleanupOldBackups({ keepCount: 1 })).toBe(1);
    expect(await expectSound(backups)).toEqual(["full", "one", "new"]);
  });

  it("when it is pinned between the plan and its execution", async () => {
    const { backups, store } = await chainedSite();
    await store.set("more", "v");
    await backups.createBackup({ backupId: "new" });
    const plan = await backups.planPrune({ keepLast: 1 });
    await backups.pinBackup("one");
    const { removed, left } = await pruneBackups(backups.repository, plan);
    expect(removed).toEqual(["two"]);
    expect(left.map(({ step, code }) => [step.backupId, code])).toEqual([
      ["one", "NADB_CONFLICT"],
      ["full", "NADB_CONFLICT"],
    ]);
    expect(await expectSound(backups)).toEqual(["full", "one", "new"]);
  });

  it("unless it is forced; its pin goes with it", async () => {
    const { backups, target } = await chainedSite();
    await backups.pinBackup("two");
    await backups.deleteBackup("two", { force: true });
    expect(await filesIn(target)).toEqual(filesOf("full", "one"));
  });
});

describe("a pin › and others who work on the backup", () => {
  it("waits for nobody who holds the backup for long", async () => {
    const { backups, target } = await chainedSite();
    const lease = await Lease.acquire(target, "two", backups.repository.host);
    const pin = backups.pinBackup("two");
    await lease.release();
    expect(await pin).toMatchObject({ backupId: "two" });
  });

  it("a death at any step leaves the backup pinned or not, and a retry pins it", {
    timeout: 120_000,
  }, async () => {
    const site = await chainedSite();
    const files = await contentsOf(site.target);
    const deaths = await dieAtEveryStep(
      async () => ({ ...site, target: await copyOf(files) }),
      (manager) => manager.pinBackup("two"),
      async (made, died) => {
        const manager = await nextProcess(made);
        if (!died) expect(await manager.listPins()).toHaveLength(1);
        await manager.pinBackup("two");
        await manager.createBackup({ backupId: "next" });
        expect(await expectSound(manager)).toEqual(["full", "one", "two", "next"]);
        await expect(manager.deleteBackup("two")).rejects.toMatchObject(conflict);
      },
    );
    expect(deaths).toBeGreaterThan(5);
  });

  it("a death at any step of a forced deletion leaves all of it or nothing, the pin included", {
    timeout: 120_000,
  }, async () => {
    const site = await chainedSite();
    await site.backups.pinBackup("two");
    const files = await contentsOf(site.target);
    const deaths = await dieAtEveryStep(
      async () => ({ ...site, target: await copyOf(files) }),
      (manager) => manager.deleteBackup("two", { force: true }),
      async (made) => {
        const manager = await nextProcess(made);
        const listed = await expectSound(manager);
        if (listed.includes("two")) await manager.deleteBackup("two", { force: true });
        await manager.createIncrementalBackup("one", { backupId: "next" });
        expect(await filesIn(made.target)).toEqual(filesOf("full", "next", "one"));
      },
    );
    expect(deaths).toBeGreaterThan(8);
  });

  it("a folder with nothing but a pin may be anybody's, and is left alone", async () => {
    const { backups, target } = await chainedSite();
    await writeFile(target, "theirs/pin.json", "{}");
    await backups.createBackup({ backupId: "next" });
    expect(await filesIn(target)).toContain("theirs/pin.json");
    expect((await openManager(backups.storage, target)).repository).toBeDefined();
  });
});
