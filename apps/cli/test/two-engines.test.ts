// Backups of one namespace on two engines: a checkpoint of the one is none of the other.

import { fsBackend } from "@nadb/backend-fs";
import { BackupManager, memoryTarget } from "@nadb/backup";
import { KeyValueStore, memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { inFolder } from "./support/nadb.js";

const { path } = inFolder();

async function openStore(backend: StorageBackend, keys: readonly string[]): Promise<KeyValueStore> {
  const store = await KeyValueStore.open({ backend });
  onTestFinished(() => store.close());
  for (const key of keys) await store.set(key, key);
  return store;
}

const engines = {
  memory: () => memoryBackend(),
  fs: () => fsBackend({ path: path("data") }),
};

describe("an incremental on a parent that another engine made", () => {
  it.each([
    ["memory", "fs"],
    ["fs", "memory"],
  ] as const)(
    "%s, then %s: refused as expired; with fallbackToFull a full backup",
    async (a, b) => {
      const target = memoryTarget();
      const first = await openStore(engines[a](), ["x", "y"]);
      await (await BackupManager.open({ store: first, target })).createBackup({ backupId: "full" });
      const second = await openStore(engines[b](), ["y", "z"]); // as many changes as the other
      const backups = await BackupManager.open({ store: second, target });
      await expect(backups.createIncrementalBackup("full")).rejects.toMatchObject({
        code: "NADB_CHECKPOINT_EXPIRED",
        hint: expect.stringContaining("fallbackToFull"),
      });
      expect(await backups.listBackups()).toHaveLength(1);
      const next = await backups.createIncrementalBackup("full", { fallbackToFull: true });
      expect(next).toMatchObject({ backupType: "full", parentBackupId: null, recordCount: 2 });
      expect(next.stateDigest).toBe((await second.stats()).digest);
      await expect(
        backups.createIncrementalBackup("full", { skipUnchanged: true }),
      ).rejects.toMatchObject({ code: "NADB_CHECKPOINT_EXPIRED" });
    },
  );

  it("the backups of the one restore into the other", async () => {
    const target = memoryTarget();
    const first = await openStore(engines.memory(), ["x"]);
    const from = await BackupManager.open({ store: first, target });
    await from.createBackup({ backupId: "full" });
    await first.set("y", "y");
    const { stateDigest } = await from.createIncrementalBackup("full", { backupId: "next" });
    const second = await openStore(engines.fs(), ["z"]);
    const into = await BackupManager.open({ store: second, target });
    await into.restoreBackup("next", { clearExisting: true });
    expect((await second.stats()).digest).toBe(stateDigest);
  });
});
