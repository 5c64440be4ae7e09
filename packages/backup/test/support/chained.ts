// A small chain that has everything in it: adds, changes, deletes, keys that come back, tags, expiry; and what reads it.
import { type Change, decodeChange } from "@nadb/core";
import type { BackupTarget, CreateBackupOptions } from "../../src/index.js";
import { readRun } from "../../src/run/read-run.js";
import { fill, openSite, type Site } from "./store.js";

export const CHAIN = ["full", "one", "two"] as const;

/** "full" of `filled` records and one that expires, "one" that adds, changes and deletes, "two" that brings one back and deletes another. */
export async function chainedSite(
  options: Omit<CreateBackupOptions, "backupId"> = {},
  target?: BackupTarget,
  filled = 10,
): Promise<Site> {
  const site = await openSite(target);
  const { store, backups, clock } = site;
  await fill(store, filled);
  await store.set("ends", "v", { ttlSeconds: 60 });
  await backups.createBackup({ ...options, backupId: "full" });
  clock.time += 1_000;
  await store.set("k0001", "changed", { tags: ["new"] });
  await store.set("added", "v");
  await store.deleteMany(["k0002", "k0003", "ends"]);
  await backups.createIncrementalBackup("full", { ...options, backupId: "one" });
  clock.time += 1_000;
  await store.set("k0002", "back", { ttlSeconds: 60 });
  await store.delete("added");
  await backups.createIncrementalBackup("one", { ...options, backupId: "two" });
  return site;
}

/** What one backup's own run holds. */
export async function runOf({ backups, target }: Site, backupId: string): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const batch of readRun(target, await backups.getBackup(backupId), {})) {
    changes.push(...batch.map((change) => decodeChange(new Uint8Array(change))));
  }
  return changes;
}

/** "+key" for a record, "-key" for a tombstone. */
export const sign = (change: Change): string =>
  change.type === "record" ? `+${change.record.key}` : `-${change.tombstone.key}`;
