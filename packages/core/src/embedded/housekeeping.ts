// What has to be done now and then: expired records become tombstones, old tombstones and abandoned loads are forgotten,
// garbage is collected. Each commit does a little of it, `sweep` as much as it is asked to.
import type { Applier } from "./apply.js";
import type { NamespaceEntry } from "./entry.js";
import { collectGarbage } from "./garbage.js";
import { allGarbage, type Space } from "./layout.js";
import type { ReadTransaction } from "./ordered-kv.js";
import { dropAbandoned, someAbandoned } from "./staging.js";
import { expiredKeys, sweepExpired, tooOldTombstones, trimOldTombstones } from "./sweep.js";

/** Garbage is what nobody waits for: so much of it at a time. */
const GARBAGE_STEP = 64;

/** As of when what is due. */
export interface Due {
  readonly now: number;
  /** Tombstones of deletes before this instant are forgotten. */
  readonly keepsTombstonesFrom: number;
}

/** Does up to `limit` of each; answers how many records it has swept. */
export function keepHouse(
  applier: Applier,
  entry: NamespaceEntry,
  due: Due,
  limit: number,
): number {
  const { tx, space } = applier;
  const swept = sweepExpired(applier, entry, due.now, limit);
  trimOldTombstones(tx, space, entry, due.keepsTombstonesFrom, limit);
  dropAbandoned(tx, due.now);
  collectGarbage(tx, GARBAGE_STEP);
  return swept;
}

/** Whether there is anything to do at all: an idle store is not written to. */
export function isAnythingDue(tx: ReadTransaction, space: Space, due: Due): boolean {
  if (expiredKeys(tx, space, due.now, 1).length > 0) return true;
  for (const _ of tooOldTombstones(tx, space, due.keepsTombstonesFrom)) return true;
  for (const _ of tx.keys(allGarbage)) return true;
  return someAbandoned(tx, due.now);
}
