// Deleting what nobody can reach any more: the content of replaced generations, of dropped namespaces, of
// abandoned loads. In steps, so that no transaction grows with the store.
import { allGarbage, garbageKey, spaceOfKey, wholeSpace } from "./layout.js";
import type { WriteTransaction } from "./ordered-kv.js";

const NOTHING = new Uint8Array(0);

export function throwAway(tx: WriteTransaction, space: number): void {
  tx.put(garbageKey(space), NOTHING);
}

/** Deletes up to `limit` entries; answers whether garbage is left. */
export function collectGarbage(tx: WriteTransaction, limit: number): boolean {
  let left = limit;
  for (const space of garbageSpaces(tx)) {
    const keys: Uint8Array[] = [];
    for (const key of tx.keys(wholeSpace(space))) {
      if (keys.length === left) break;
      keys.push(key);
    }
    for (const key of keys) tx.delete(key);
    left -= keys.length;
    if (left === 0) return true;
    tx.delete(garbageKey(space));
  }
  return false;
}

function garbageSpaces(tx: WriteTransaction): number[] {
  return Array.from(tx.keys(allGarbage), spaceOfKey);
}
