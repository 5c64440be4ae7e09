// What time does to a namespace: expired records become tombstones, old tombstones are forgotten.

import { decodeTombstone } from "../record.js";
import type { Applier } from "./apply.js";
import type { NamespaceEntry } from "./entry.js";
import { numberOfKey, type Space, textBehindNumber } from "./layout.js";
import type { Entry, ReadTransaction, WriteTransaction } from "./ordered-kv.js";

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
  forget(tx, space, entry, take(tooOldTombstones(tx, space, before), limit));
}

/** From the oldest on, as far as all were made before `before`. */
export function* tooOldTombstones(
  tx: ReadTransaction,
  space: Space,
  before: number,
): Generator<Entry> {
  for (const grave of tx.range(space.graves())) {
    if (decodeTombstone(grave.value).deletedAt >= before) return;
    yield grave;
  }
}

/** Forgets all tombstones up to `version`. */
export function trimThrough(
  tx: WriteTransaction,
  space: Space,
  entry: NamespaceEntry,
  version: number,
): void {
  forget(tx, space, entry, [...tx.range(space.graveRange(0, version))]);
  entry.trimmed = Math.max(entry.trimmed, version);
}

function forget(
  tx: WriteTransaction,
  space: Space,
  entry: NamespaceEntry,
  tombstones: readonly Entry[],
): void {
  for (const { key, value } of tombstones) {
    entry.trimmed = Math.max(entry.trimmed, numberOfKey(key));
    tx.delete(key);
    tx.delete(space.dead(decodeTombstone(value).key));
  }
}

function take<T>(items: Iterable<T>, limit: number): T[] {
  const taken: T[] = [];
  for (const item of items) if (taken.push(item) >= limit) break;
  return taken;
}
