// The change feed, read from one snapshot, in pages.

import { copyBytes } from "#slab";
import type { ChangePage, ChangesOptions, Checkpoint, EncodedChange } from "../backend.js";
import { readUtf8 } from "../bytes.js";
import { corruption, invalidArgument } from "../errors.js";
import { changeVersion } from "../record.js";
import { readRecord } from "./apply.js";
import { headOf, startOfRun } from "./checkpoint.js";
import type { NamespaceEntry } from "./entry.js";
import { numberOfKey, type Space } from "./layout.js";
import type { ReadTransaction } from "./ordered-kv.js";

const DEFAULT_PAGE_BYTES = 1 << 20;
/** Bounds the objects of a page of tiny changes. */
const MAX_PAGE_CHANGES = 8_192;

/**
 * REQUIRES: `tx` and `entry` from one view; `checkOpen` throws once the view is closed, which may happen
 * whenever a page is in the consumer's hands.
 */
export async function* readChanges(
  tx: ReadTransaction,
  space: Space,
  entry: NamespaceEntry | undefined,
  since: Checkpoint | null,
  options: ChangesOptions,
  checkOpen: () => void,
): AsyncGenerator<ChangePage> {
  const { signal, pageBytes = DEFAULT_PAGE_BYTES } = options;
  if (!(pageBytes > 0)) throw invalidArgument(`pageBytes ${String(pageBytes)} is not above 0`);
  const after = startOfRun(tx, entry, since);
  const order = since === null ? { inKeyOrder: true as const } : {};
  let page: EncodedChange[] = [];
  let bytes = 0;
  for (const change of entry === undefined ? [] : run(tx, space, entry, after, since)) {
    if (bytes >= pageBytes || page.length === MAX_PAGE_CHANGES) {
      signal?.throwIfAborted();
      yield { changes: page, ...order };
      checkOpen();
      page = [];
      bytes = 0;
    }
    page.push(change);
    bytes += change.length;
  }
  signal?.throwIfAborted();
  yield { changes: page, ...order, end: headOf(entry) };
}

/**
 * A run from the beginning comes in key order, one sequential read, and needs no tombstones: there is nothing
 * they could delete. Any other comes in version order.
 */
function* run(
  tx: ReadTransaction,
  space: Space,
  entry: NamespaceEntry,
  after: number,
  since: Checkpoint | null,
): Generator<EncodedChange> {
  if (since === null) for (const { value } of tx.range(space.records(""))) yield value;
  else yield* feed(tx, space, after, entry.version);
}

/** Records and tombstones with versions in (after, through], in version order. */
export function* feed(
  tx: ReadTransaction,
  space: Space,
  after: number,
  through: number,
): Generator<EncodedChange> {
  const graves = tx.range(space.graveRange(after, through))[Symbol.iterator]();
  try {
    let grave = graves.next();
    for (const { key, value } of tx.range(space.feedRange(after, through))) {
      const version = numberOfKey(key);
      for (; !grave.done && changeVersion(grave.value.value) < version; grave = graves.next()) {
        yield grave.value.value;
      }
      yield recordInFeed(tx, space, version, value);
    }
    for (; !grave.done; grave = graves.next()) yield grave.value.value;
  } finally {
    graves.return?.();
  }
}

function recordInFeed(
  tx: ReadTransaction,
  space: Space,
  version: number,
  key: Uint8Array,
): EncodedChange {
  const record = readRecord(tx, space, readUtf8(key, 0, key.length));
  if (record !== undefined && changeVersion(record) === version) return copyBytes(record);
  throw corruption(`the feed names a record at version ${version} that is not there`);
}
