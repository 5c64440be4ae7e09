// A repository that stores of several engines back up into: a checkpoint means something to the engine that made it and to
// no other, whatever the namespaces are called.
import { BackupManager, type BackupTarget, memoryTarget } from "@nadb/backup";
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { TestEnvironment } from "../src/environment.js";
import type { Environment, OpenBackend } from "../src/index.js";
import { strictBackend } from "./strict-kv.js";

const NOW = Date.UTC(2031, 4, 17, 12);
const clock = (): number => NOW;
const memory: OpenBackend = (environment: Environment) =>
  memoryBackend({ clock: environment.clock });

interface Site {
  readonly store: KeyValueStore;
  readonly backups: BackupManager;
}

async function openSite(open: OpenBackend, target: BackupTarget): Promise<Site> {
  const environment = new TestEnvironment(clock);
  const store = await KeyValueStore.open({ backend: await open(environment), clock });
  onTestFinished(async () => {
    await store.close();
    await environment.cleanUp();
  });
  return { store, backups: await BackupManager.open({ store, target, clock }) };
}

/** Both hold something; of the first there is a backup. */
async function twoSites(first: OpenBackend, second: OpenBackend): Promise<[Site, Site]> {
  const target = memoryTarget();
  const sites: [Site, Site] = [await openSite(first, target), await openSite(second, target)];
  for (const { store } of sites) await store.setMany([{ key: "a", value: "1" }]);
  await sites[0].backups.createBackup({ backupId: "parent" });
  for (const { store } of sites) await store.set("b", "2");
  return sites;
}

describe.each([
  ["memory and an engine that is strict", memory, strictBackend],
  ["an engine that is strict and memory", strictBackend, memory],
  ["memory and memory once more", memory, memory],
])("an incremental across engines (%s)", (_name, first, second) => {
  it("is refused, with the way out, and leaves nothing", async () => {
    const [, { backups }] = await twoSites(first, second);
    await expect(backups.createIncrementalBackup("parent")).rejects.toMatchObject({
      code: "NADB_CHECKPOINT_EXPIRED",
      message: expect.stringContaining('"parent"'),
      hint: expect.stringContaining("fallbackToFull"),
    });
    expect((await backups.listBackups()).map(({ backupId }) => backupId)).toEqual(["parent"]);
  });

  it("is a full one with fallbackToFull, and the next goes on from that", async () => {
    const [before, { store, backups }] = await twoSites(first, second);
    const options = { backupId: "full", fallbackToFull: true };
    const full = await backups.createIncrementalBackup("parent", options);
    expect(full).toMatchObject({ backupId: "full", backupType: "full", parentBackupId: null });
    expect(full.stateDigest).toBe((await store.storage.head()).digest);
    await store.delete("a");
    const next = await backups.createIncrementalBackup("full");
    expect(next).toMatchObject({ backupType: "incremental", tombstoneCount: 1 });
    const { head } = await before.backups.restoreBackup(next.backupId, { clearExisting: true });
    expect(head.digest).toBe(next.stateDigest);
  });

  it("is refused after a restore of that very backup, too: it is another content", async () => {
    const [, { store, backups }] = await twoSites(first, second);
    const parent = await backups.getBackup("parent");
    await backups.restoreBackup("parent", { clearExisting: true });
    expect((await store.storage.head()).digest).toBe(parent.stateDigest);
    await expect(backups.createIncrementalBackup("parent")).rejects.toMatchObject({
      code: "NADB_CHECKPOINT_EXPIRED",
    });
  });
});
