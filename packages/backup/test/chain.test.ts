// Chains: a full and incrementals, restored and verified as one.
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { BackupManager } from "../src/index.js";
import { chainedSite } from "./support/chained.js";
import { refuses } from "./support/fails.js";
import { patchFile } from "./support/files.js";
import { readJson, seal, writeJson } from "./support/manifest.js";
import { contentOf } from "./support/oracle.js";
import {
  changesOf,
  fill,
  measure,
  openManager,
  openSite,
  openStore,
  type Site,
} from "./support/store.js";

describe("an incremental backup", () => {
  it("holds what has changed since its parent, deletes included, and nothing else", async () => {
    const { backups } = await chainedSite();
    expect(await backups.getBackup("one")).toMatchObject({
      backupType: "incremental",
      parentBackupId: "full",
      recordCount: 2,
      tombstoneCount: 3,
      fileCount: 5,
    });
    expect(await backups.getBackup("two")).toMatchObject({ recordCount: 1, tombstoneCount: 1 });
  });

  it("restores with its whole chain exactly the state of its cut", async () => {
    const { store, target, clock, backups } = await chainedSite();
    const head = await store.storage.head();
    const content = await contentOf(store);
    const other = await openStore(clock.now);
    await other.set("k0003", "to be gone");
    const restoration = await (await openManager(other, target, clock)).restoreBackup("two", {
      clearExisting: true,
    });
    expect(restoration.stateDigest).toBe(head.digest);
    expect(await contentOf(other)).toEqual(content);
    expect((await backups.verifyBackup("two")).ok).toBe(true);
  });

  it("leaves every earlier backup of its chain restorable by itself", async () => {
    const { target, clock, backups } = await chainedSite();
    for (const backupId of ["full", "one", "two"]) {
      const other = await openStore(clock.now);
      const manager = await openManager(other, target, clock);
      const { head } = await manager.restoreBackup(backupId, { clearExisting: true });
      expect(head.digest).toBe((await backups.getBackup(backupId)).stateDigest);
      expect(await measure(other.storage)).toMatchObject({ digest: head.digest });
    }
  });

  it("may have several children", async () => {
    const { store, backups } = await chainedSite();
    await store.set("later", "v");
    const other = await backups.createIncrementalBackup("full", { backupId: "sibling" });
    expect(other.stateDigest).toBe((await store.storage.head()).digest);
    for (const id of ["two", "sibling"]) expect((await backups.verifyBackup(id)).ok).toBe(true);
    expect((await backups.getChain("sibling")).map((info) => info.backupId)).toEqual([
      "full",
      "sibling",
    ]);
  });

  it("of an unchanged store is empty, or by option not made", async () => {
    const { store, target, backups } = await chainedSite();
    const files = await target.list("");
    const same = await backups.createIncrementalBackup("two", { skipUnchanged: true });
    expect(same.backupId).toBe("two");
    expect(await target.list("")).toEqual(files);
    const empty = await backups.createIncrementalBackup("two", { backupId: "empty" });
    expect(empty).toMatchObject({ fileCount: 0, stateDigest: (await store.storage.head()).digest });
    expect((await backups.verifyBackup("empty")).ok).toBe(true);
  });

  it("costs what has changed, not what there is", async () => {
    const { store, backups } = await openSite();
    await fill(store, 5_000);
    await backups.createBackup({ backupId: "full" });
    await store.set("k0042", "changed");
    const { storedSize } = await backups.createIncrementalBackup("full");
    expect(storedSize).toBeLessThan(400);
  });

  it("gets an id that tells its kind", async () => {
    const { backups } = await chainedSite();
    const { backupId } = await backups.createIncrementalBackup("two");
    expect(backupId).toMatch(/^incremental-\d{8}T\d{6}Z-[0-9a-f]{4}$/);
  });
});

describe("a parent", () => {
  it("that is missing, or of another namespace, is refused with a way out", async () => {
    const { target, backups } = await chainedSite();
    await refuses("NADB_NOT_FOUND", () => backups.createIncrementalBackup("no"), '"no"');
    const backend = memoryBackend();
    const elsewhere = await KeyValueStore.open({ backend, namespace: "elsewhere" });
    const manager = await BackupManager.open({ store: elsewhere, target });
    await refuses(
      "NADB_INVALID_ARGUMENT",
      () => manager.createIncrementalBackup("two"),
      "default/elsewhere",
    );
    expect((await backups.listBackups()).length).toBe(3);
  });

  it("of content that was replaced since is refused, or a full is taken instead", async () => {
    const { store, target, backups } = await chainedSite();
    await store.clear();
    await store.set("new", "v");
    await refuses("NADB_CHECKPOINT_EXPIRED", () => backups.createIncrementalBackup("two"), '"two"');
    expect((await target.list("")).length).toBe(4);
    const full = await backups.createIncrementalBackup("two", {
      fallbackToFull: true,
      backupId: "f",
    });
    expect(full).toMatchObject({ backupType: "full", recordCount: 1, parentBackupId: null });
  });

  it("whose deletes the store has forgotten is refused", async () => {
    const { store, backups } = await chainedSite();
    await store.delete("k0004");
    await store.storage.trim((await store.storage.head()).checkpoint);
    await refuses("NADB_CHECKPOINT_EXPIRED", () => backups.createIncrementalBackup("two"));
  });

  it("can not be deleted while incrementals hang on it", async () => {
    const { backups } = await chainedSite();
    await refuses("NADB_CONFLICT", () => backups.deleteBackup("full"), '"one"');
    await refuses("NADB_CONFLICT", () => backups.deleteBackup("one"), '"two"');
    for (const id of ["two", "one", "full"]) await backups.deleteBackup(id);
    expect(await backups.listBackups()).toEqual([]);
  });
});

describe("a broken chain", () => {
  it.each([
    ["its middle removed", (site: Site) => site.target.remove("one"), '"one" is missing'],
    ["its full removed", (site: Site) => site.target.remove("full"), '"full" is missing'],
    [
      "its middle's manifest edited",
      (site: Site) => edit(site, "one", { timestamp: "2026-01-01T00:00:00Z" }),
      "checksum",
    ],
    ["its full's data damaged", (site: Site) => truncate(site, "full"), "full/data.nadb"],
    ["its middle's data damaged", (site: Site) => truncate(site, "one"), "one/data.nadb"],
  ])(
    "(%s) is found at every level that can see it, and not restored",
    async (_name, breakIt, says) => {
      const site = await chainedSite();
      await breakIt(site);
      const { store, backups } = site;
      const before = await changesOf(store.storage);
      const verification = await backups.verifyBackup("two");
      expect(verification.ok).toBe(false);
      expect(verification.findings[0]?.detail).toContain(says);
      expect((await backups.verifyBackup("two", { level: "quick" })).ok).toBe(false);
      for (const verifyIntegrity of [true, false]) {
        await refuses(
          "NADB_CORRUPTION",
          () => backups.restoreBackup("two", { clearExisting: true, verifyIntegrity }),
          says,
        );
      }
      expect(await changesOf(store.storage)).toEqual(before);
    },
  );

  it("is not continued", async () => {
    const site = await chainedSite();
    await site.target.remove("one");
    await refuses(
      "NADB_CORRUPTION",
      () => site.backups.createIncrementalBackup("two"),
      '"one" is missing',
    );
  });

  it("with its middle made anew under the same id is found", async () => {
    const { store, target, backups } = await chainedSite();
    await target.remove("one");
    await store.set("later", "v");
    await backups.createIncrementalBackup("full", { backupId: "one" });
    expect((await backups.verifyBackup("one")).ok).toBe(true);
    const { findings } = await backups.verifyBackup("two");
    expect(findings[0]?.detail).toContain("checksum");
  });
});

/** The manifest's own checksum is right again. */
async function edit({ target }: Site, backupId: string, fields: object): Promise<void> {
  const path = `${backupId}/metadata.json`;
  await writeJson(target, path, seal({ ...(await readJson(target, path)), ...fields }));
}

const truncate = ({ target }: Site, backupId: string): Promise<void> =>
  patchFile(target, `${backupId}/data.nadb`, (bytes) => bytes.subarray(0, -1));
