// The change feed, read from one snapshot: records and tombstones in version order, in pages.
import type { ChangePage, ChangesOptions, Checkpoint, EncodedChange } from "../backend.js";
import { invalidArgument } from "../errors.js";
import { changeVersion } from "../record.js";
import { headOf, type NamespaceEntry, startOfRun } from "./entry.js";
import type { Space } from "./layout.js";
import type { Entry, ReadTransaction } from "./ordered-kv.js";

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
  const after = startOfRun(entry, since);
  let page: EncodedChange[] = [];
  let bytes = 0;
  for (const change of entry === undefined ? [] : feed(tx, space, entry, after, since === null)) {
    if (bytes >= pageBytes || page.length === MAX_PAGE_CHANGES) {
      signal?.throwIfAborted();
      yield { changes: page };
      checkOpen();
      page = [];
      bytes = 0;
    }
    page.push(change);
    bytes += change.length;
  }
  signal?.throwIfAborted();
  yield { changes: page, end: headOf(entry) };
}

/** A run from the beginning needs no tombstones: there is nothing they could delete. */
function* feed(
  tx: ReadTransaction,
  space: Space,
  entry: NamespaceEntry,
  after: number,
  full: boolean,
): Generator<EncodedChange> {
  const records = tx.range(space.feedRange(after, entry.version));
  if (full) for (const { value } of records) yield value;
  else yield* mergeByVersion(records, tx.range(space.graveRange(after, entry.version)));
}

/** Two feeds of one space as one, in version order. */
export function* mergeByVersion(a: Iterable<Entry>, b: Iterable<Entry>): Generator<EncodedChange> {
  const graves = b[Symbol.iterator]();
  try {
    let grave = graves.next();
    for (const { value } of a) {
      while (!grave.done && changeVersion(grave.value.value) < changeVersion(value)) {
        yield grave.value.value;
        grave = graves.next();
      }
      yield value;
    }
    for (; !grave.done; grave = graves.next()) yield grave.value.value;
  } finally {
    graves.return?.();
  }
}
