// What time does to a namespace: expired records become tombstones, old tombstones are forgotten. Each commit
// does a little of it, `sweep` as much as it is asked to.

import { decodeTombstone } from "../record.js";
import type { Applier } from "./apply.js";
import type { NamespaceEntry } from "./entry.js";
import { numberOfKey, type Space, textBehindNumber } from "./layout.js";
import type { ReadTransaction, WriteTransaction } from "./ordered-kv.js";

/** Turns up to `limit` records expired at `now` into tombstones; answers how many. */
export function sweepExpired(
  applier: Applier,
  entry: NamespaceEntry,
  now: number,
  limit: number,
): number {
  const keys = expiredKeys(applier.tx, applier.space, now, limit);
  for (const key of keys) applier.delete(key, ++entry.counter, now);
  return keys.length;
}

/** Keys of records expired at `now` that have not been swept yet, at most `limit`. */
export function expiredKeys(
  tx: ReadTransaction,
  space: Space,
  now: number,
  limit: number,
): string[] {
  const keys: string[] = [];
  for (const key of tx.keys(space.expiredBy(now))) {
    if (keys.length === limit) break;
    keys.push(textBehindNumber(key));
  }
  return keys;
}

/** Forgets up to `limit` tombstones of deletes made before `before`; checkpoints before them expire. */
export function trimOldTombstones(
  tx: WriteTransaction,
  space: Space,
  entry: NamespaceEntry,
  before: number,
  limit: number,
): void {
  trimWhile(
    tx,
    space,
    entry,
    entry.version,
    limit,
    (tombstone) => decodeTombstone(tombstone).deletedAt < before,
  );
}

/** Forgets all tombstones up to `version`. */
export function trimThrough(
  tx: WriteTransaction,
  space: Space,
  entry: NamespaceEntry,
  version: number,
): void {
  trimWhile(tx, space, entry, version, Number.POSITIVE_INFINITY, () => true);
  entry.trimmed = Math.max(entry.trimmed, version);
}

function trimWhile(
  tx: WriteTransaction,
  space: Space,
  entry: NamespaceEntry,
  through: number,
  limit: number,
  goes: (tombstone: Uint8Array) => boolean,
): void {
  const tombstones: { key: Uint8Array; value: Uint8Array }[] = [];
  for (const grave of tx.range(space.graveRange(0, through))) {
    if (tombstones.length >= limit || !goes(grave.value)) break;
    tombstones.push(grave);
  }
  for (const { key, value } of tombstones) {
    entry.trimmed = Math.max(entry.trimmed, numberOfKey(key));
    tx.delete(key);
    tx.delete(space.dead(decodeTombstone(value).key));
  }
}
