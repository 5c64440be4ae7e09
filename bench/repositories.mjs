// Repositories of thousands of backups, and archives of thousands of segments: made through the library, in memory and with
// a clock that is set, then written to the disk in one go.
import { BackupManager, directoryTarget } from "@nadb/backup";
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { FolderTarget } from "./folder-target.mjs";

export const CHAIN = 30;
const RECORDS = 10;
const EVERY_MS = 60_000;
const BEGIN = Date.UTC(2026, 0, 1);

const bytesOf = (i) => Buffer.from(`value ${i}`);

/** A store whose time passes when it is told to. */
async function newStore() {
  const time = { now: BEGIN };
  const clock = () => time.now;
  const store = await KeyValueStore.open({ backend: memoryBackend({ clock }) });
  for (let i = 0; i < RECORDS; i++) await store.set(`key-${i}`, bytesOf(i));
  return { store, time, clock };
}

/**
 * `count` small backups, each full followed by incrementals upon it, in a folder. Chains are made in targets of their own,
 * each with the last backup of the one before in it, so that their places among the others go on.
 */
export async function repositoryOf(folders, count) {
  const site = await newStore();
  const folder = folders.fresh("repository");
  let last;
  for (let made = 0; made < count; made += CHAIN + 1) {
    const target = new FolderTarget();
    if (last !== undefined) await copyFolder(last.target, target, last.backupId);
    const manager = await BackupManager.open({ ...site, target });
    const backupId = await addChain(manager, site, made, Math.min(CHAIN + 1, count - made));
    if (last !== undefined) await target.remove(last.backupId);
    await target.remove("metadata.json");
    target.saveTo(folder);
    last = { target, backupId };
  }
  const manager = await BackupManager.open({ ...site, target: directoryTarget(folder) });
  await manager.createBackup({ backupId: "newest" }); // makes the index, too
  return { ...site, folder, last: last.backupId };
}

async function addChain(manager, { store, time }, from, length) {
  let last;
  for (let i = from; i < from + length; i++) {
    time.now += EVERY_MS;
    await store.set(`key-${i % RECORDS}`, bytesOf(i));
    const backupId = `backup-${String(i).padStart(6, "0")}`;
    if (last === undefined) await manager.createBackup({ backupId });
    else await manager.createIncrementalBackup(last, { backupId });
    last = backupId;
  }
  return last;
}

async function copyFolder(from, to, folder) {
  for (const { name } of await from.list(folder)) {
    const path = `${folder}/${name}`;
    await to.write(path, from.read(path));
  }
}

/** An archive of `count` segments, one each second, in a folder. */
export async function archiveOf(folders, count) {
  const site = await newStore();
  const { store, time, clock } = site;
  const target = new FolderTarget();
  const manager = await BackupManager.open({ ...site, target });
  const done = new AbortController();
  let made = 0;
  const timer = {
    now: clock,
    wait: async (ms) => {
      if (made === count) return done.abort();
      time.now += ms;
      await store.set(`key-${made % RECORDS}`, bytesOf(made));
      made++;
    },
  };
  const archiver = await manager.archive({ everySeconds: 1, timer, signal: done.signal });
  await archiver.done;
  const folder = folders.fresh("archive");
  target.saveTo(folder);
  return { ...site, folder, begin: BEGIN };
}
