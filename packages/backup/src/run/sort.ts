// Bringing a run into the order of its keys, in which packs hold it. Most runs fit into memory or come sorted; of
// larger ones sorted pieces are laid aside at the target and merged at the end.
import { type ChangePage, changeVersion, compareChangeKeys, type EncodedChange } from "@nadb/core";
import { mergeRuns, only, type SortedRun } from "./merge.js";

/** Encoded bytes sorted in memory at a time. */
const SORT_BYTES = 32 << 20;

/** Where sorted pieces wait. */
export interface Aside {
  put(piece: readonly EncodedChange[]): Promise<void>;
  /** In the order in which they were put. */
  pieces(): readonly SortedRun[];
}

/** The changes of a run, of each key the latest, in key order. */
export async function* inKeyOrder(
  pages: AsyncIterable<ChangePage>,
  aside: Aside,
  sortBytes = SORT_BYTES,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  let gathered: EncodedChange[] = [];
  let bytes = 0;
  for await (const page of pages) {
    if (page.inKeyOrder === true) {
      yield page.changes;
      continue;
    }
    // Page by page, while the next one is on its way: sorting what consists of sorted stretches takes half the time.
    for (const change of page.changes.toSorted(order)) {
      gathered.push(change);
      bytes += change.length;
    }
    if (bytes < sortBytes) continue;
    await aside.put(sorted(gathered));
    gathered = [];
    bytes = 0;
  }
  const pieces = aside.pieces();
  if (gathered.length === 0 && pieces.length === 0) return;
  yield* mergeRuns([...pieces, only(sorted(gathered))]);
}

const order = (a: EncodedChange, b: EncodedChange): number =>
  compareChangeKeys(a, b) || changeVersion(b) - changeVersion(a);

function sorted(changes: EncodedChange[]): readonly EncodedChange[] {
  changes.sort(order);
  return changes.filter(
    (change, i) => i === 0 || compareChangeKeys(changes[i - 1] as EncodedChange, change) !== 0,
  );
}
