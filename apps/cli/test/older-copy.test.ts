// An older copy of a store's files is put in its place and used: it hands out the same versions for other changes. No backup
// mixes the two histories, however far either has come.
import { cpSync, rmSync } from "node:fs";
import { fsBackend } from "@nadb/backend-fs";
import { BackupManager, type BackupTarget, memoryTarget } from "@nadb/backup";
import { KeyValueStore, text } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const { path } = inFolder();

/** As a process of its own would: what is begun anew with each opening is begun anew. */
async function using<T>(
  name: string,
  target: BackupTarget,
  work: (store: KeyValueStore<string>, backups: BackupManager) => Promise<T>,
): Promise<T> {
  const backend = fsBackend({ path: path(name) });
  await using store = await KeyValueStore.open({ backend, codec: text });
  return await work(store, await BackupManager.open({ store, target }));
}

function putOlderCopyInPlace(name: string): void {
  rmSync(path(name), { recursive: true });
  cpSync(path(`${name}-copy`), path(name), { recursive: true });
}

const copyAside = (name: string): void =>
  cpSync(path(name), path(`${name}-copy`), { recursive: true });

async function contentOf(store: KeyValueStore<string>): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const key of (await store.storage.keys()).items) content[key] = (await store.get(key)) ?? "";
  return content;
}

describe("an incremental backup after an older copy of the store was put in its place", () => {
  it.each([1, 2, 3, 10])("and written to %i times is refused, or is a full one", async (writes) => {
    const [name, target] = [`incremental-${writes}`, memoryTarget()];
    await using(name, target, (store) => store.set("a", "1"));
    copyAside(name);
    await using(name, target, async (store, backups) => {
      await store.set("a", "2");
      await store.set("c", "2");
      await backups.createBackup({ backupId: "full" });
    });
    putOlderCopyInPlace(name);
    await using(name, target, async (store, backups) => {
      for (let i = 0; i < writes; i++) await store.set(`b${i}`, "new");
      await expect(backups.createIncrementalBackup("full")).rejects.toMatchObject({
        code: "NADB_CHECKPOINT_EXPIRED",
      });
      const options = { backupId: "anew", fallbackToFull: true };
      expect(await backups.createIncrementalBackup("full", options)).toMatchObject({
        backupType: "full",
      });
      const before = await contentOf(store);
      await backups.restoreBackup("anew", { clearExisting: true });
      expect(await contentOf(store)).toEqual(before);
    });
  });
});

describe("an archive after an older copy of the store was put in its place", () => {
  async function archivedAndSwapped(name: string, target: BackupTarget): Promise<void> {
    await using(name, target, async (store, backups) => {
      await store.set("a", "1");
      await store.set("b", "1");
      await backups.archiveOnce();
    });
    copyAside(name);
    await using(name, target, async (store, backups) => {
      await store.set("a", "2");
      await store.set("c", "2");
      await backups.archiveOnce();
    });
    putOlderCopyInPlace(name);
  }

  it.each([0, 1, 2])("that went on for %i changes is not gone on with", async (writes) => {
    const [name, target] = [`behind-${writes}`, memoryTarget()];
    await archivedAndSwapped(name, target);
    await using(name, target, async (store, backups) => {
      for (let i = 0; i < writes; i++) await store.set(`new${i}`, "new");
      await expect(backups.archiveOnce()).rejects.toMatchObject({ code: "NADB_CORRUPTION" });
      expect(await backups.verifyArchive()).toMatchObject({ ok: true });
    });
  });

  it.each([3, 4, 9])(
    "that has overtaken it begins anew, and both histories can be restored",
    async (writes) => {
      const [name, target] = [`overtaken-${writes}`, memoryTarget()];
      await archivedAndSwapped(name, target);
      await using(name, target, async (store, backups) => {
        for (let i = 0; i < writes; i++) await store.set("new", String(i));
        await backups.archiveOnce();
        await store.set("later", "x");
        await backups.archiveOnce();
        const content = await contentOf(store);
        expect(await backups.verifyArchive()).toMatchObject({ ok: true });
        const { points } = await backups.points();
        expect(points.map(({ kind }) => kind)).toEqual(["backup", "segment", "backup", "segment"]);
        const [, old, , latest] = points.map(({ id }) => id) as [string, string, string, string];
        await backups.restoreBackup({ point: latest }, { clearExisting: true });
        expect(await contentOf(store)).toEqual(content);
        await backups.restoreBackup({ point: old }, { clearExisting: true });
        expect(await contentOf(store)).toEqual({ a: "2", b: "1", c: "2" });
      });
    },
  );
});
