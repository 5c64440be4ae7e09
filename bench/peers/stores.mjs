// The stores of the contests, NADB first. A store:
//
//   name           as the table calls it
//   unlike         what is not alike, by the work it concerns
//   load()         imports its package; rejects where it is not installed
//   open(folder)   → set, setMany, get, delete, keys(prefix), values(prefix), close; writes resolve when durable
//   openBuffered?  → set, flush?, close; a set resolves before it is durable
import { classicLevel } from "./classic-level.mjs";
import { firstLine, installPeers } from "./install.mjs";
import { keyv } from "./keyv.mjs";
import { lmdb } from "./lmdb.mjs";
import { nadb } from "./nadb.mjs";
import { unstorage } from "./unstorage.mjs";

const all = [nadb, lmdb, classicLevel, keyv, unstorage];

/** REQUIRES: `installPeers` has been called, here or in a parent process. */
export async function storeCalled(name) {
  const store = all.find((candidate) => candidate.name === name);
  await store.load();
  return store;
}

/** Those that can be had. Each of the others is told of in one line. */
export async function availableStores() {
  const failure = installPeers();
  if (failure !== undefined) console.error(`the peers can not be installed: ${failure}`);
  const available = await Promise.all(all.map((store) => loads(store)));
  return all.filter((_, i) => available[i]);
}

async function loads(store) {
  try {
    await store.load();
    return true;
  } catch (error) {
    console.error(`left out, ${store.name}: ${firstLine(error.message)}`);
    return false;
  }
}
