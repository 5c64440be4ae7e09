// The contenders: NADB on its fs backend, and raw lmdb opened with its defaults, once writing only the
// records and once writing as many index entries as NADB does. "Written" means flushed to disk for all.
import { fsBackend } from "@nadb/backend-fs";
import { BackupManager, directoryTarget } from "@nadb/backup";
import { KeyValueStore } from "@nadb/core";
import { open as openLmdb } from "lmdb";
import { timed } from "./measure.mjs";
import { batches } from "./records.mjs";

export const openNadb = (folder) => KeyValueStore.open({ backend: fsBackend({ path: folder }) });

export const openManager = (store, folder) =>
  BackupManager.open({ store, target: directoryTarget(folder) });

/** Each answers `write(entries)` and `writeOne(entry)`, which resolve once it is on disk, and `close()`. */
export const writers = {
  nadb: async (folder) => {
    const store = await openNadb(folder);
    return {
      store,
      write: (entries) => store.setMany(entries),
      writeOne: ({ key, value, tags }) => store.set(key, value, { tags }),
      close: () => store.close(),
    };
  },
  raw: async (folder) => rawWriter(folder, putRecord),
  indexed: async (folder) => rawWriter(folder, putIndexed),
};

/** Puts of one turn of the event loop go down in one transaction, written by lmdb's own thread. */
function rawWriter(folder, put) {
  const db = openLmdb({ path: folder });
  const write = async (entries) => {
    let last;
    for (const entry of entries) last = put(db, entry);
    await last;
    await db.flushed;
  };
  return { db, write, writeOne: (entry) => write([entry]), close: () => db.close() };
}

const putRecord = (db, { key, value }) => db.put(key, value);

const NOTHING = Buffer.alloc(8);
let version = 0;

/** A record, its place in the feed of changes and an entry for each tag, as text keys: lmdb's fastest. */
function putIndexed(db, { key, value, tags }) {
  for (const tag of tags) db.put(`t:${tag}:${key}`, NOTHING);
  db.put(`v:${String(++version).padStart(12, "0")}`, key);
  return db.put(`r:${key}`, value);
}

/** Writes everything in batches, one after another. */
export async function fill(writer, entries, batchSize = 10_000) {
  for (const batch of batches(entries, batchSize)) await writer.write(batch);
}

/** Times `work` of `count` pieces on a new and empty store, opened before and closed after. */
export async function timedOnEmpty(contender, folders, count, work) {
  const folder = folders.fresh(contender);
  const writer = await writers[contender](folder);
  const sample = await timed(count, () => work(writer));
  await writer.close();
  folders.remove(folder);
  return sample;
}

/** Times a full backup into a new repository. `seen` gets its manifest. */
export async function timedBackup(store, folders, count, options = {}, seen = () => {}) {
  const folder = folders.fresh("repository");
  const manager = await openManager(store, folder);
  const sample = await timed(count, () => manager.createBackup({ backupId: "full", ...options }));
  seen(await manager.getBackup("full"));
  folders.remove(folder);
  return sample;
}

/** Times the restore of a backup of a repository into a new and empty store. */
export const timedRestore = (repository, folders, count, { backupId = "full", ...options } = {}) =>
  timedOnEmpty("nadb", folders, count, async ({ store }) => {
    const manager = await openManager(store, repository);
    await manager.restoreBackup(backupId, { clearExisting: true, ...options });
  });

export async function timedVerify(manager, count, backupId = "full") {
  return timed(count, async () => {
    const { ok } = await manager.verifyBackup(backupId);
    if (!ok) throw new Error("the backup is damaged");
  });
}
