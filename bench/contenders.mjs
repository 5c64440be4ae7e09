// The contenders: NADB on its fs backend, and raw lmdb opened with its defaults, once writing only the
// records and once writing as many index entries as NADB does. "Written" means flushed to disk for all.
import { fsBackend } from "@nadb/backend-fs";
import { BackupManager, directoryTarget } from "@nadb/backup";
import { KeyValueStore } from "@nadb/core";
import { open as openLmdb } from "lmdb";
import { batches } from "./records.mjs";

export const openNadb = (folder) => KeyValueStore.open({ backend: fsBackend({ path: folder }) });

export const openManager = (store, folder) =>
  BackupManager.open({ store, target: directoryTarget(folder) });

/** Each answers `write(entries)`, which resolves once the entries are on disk, and `close()`. */
export const writers = {
  nadb: async (folder) => {
    const store = await openNadb(folder);
    return { store, write: (entries) => store.setMany(entries), close: () => store.close() };
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
  return { db, write, close: () => db.close() };
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
