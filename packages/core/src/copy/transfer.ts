// One run of the source into one staged load of the target, a page at a time: no more than a page is in memory, however much
// there is.
import type { Checkpoint, Head, StagedLoad, StorageNamespace } from "../backend.js";
import { isTombstone, recordValueLength } from "../record.js";
import type { CopyOptions, CopyProgress } from "./options.js";

export interface Fed {
  readonly copied: number;
  readonly deleted: number;
  /** The cut of the source that the run ends at. */
  readonly end: Head;
}

export interface Feeding {
  readonly from: StorageNamespace;
  readonly since: Checkpoint | null;
  readonly totalRecords?: number;
  readonly options: CopyOptions;
  /** Called after each page. */
  readonly between: () => Promise<void>;
}

export async function feed(
  { from, since, totalRecords, options, between }: Feeding,
  load: StagedLoad,
): Promise<Fed> {
  const { signal, pageBytes, onProgress } = options;
  const signalled = signal === undefined ? {} : { signal };
  const paged = pageBytes === undefined ? signalled : { ...signalled, pageBytes };
  const all = totalRecords === undefined ? {} : { totalRecords };
  const phase: CopyProgress["phase"] = since === null ? "full" : "changes";
  let [records, deleted, bytes] = [0, 0, 0];
  for await (const { changes, end } of from.changes(since, paged)) {
    if (changes.length > 0) await load.put(changes, signalled);
    for (const change of changes) {
      if (isTombstone(change)) deleted++;
      else bytes += recordValueLength(change);
    }
    records += changes.length;
    onProgress?.({ phase, records, bytes, ...all });
    if (end !== undefined) return { copied: records - deleted, deleted, end };
    await between();
  }
  throw new TypeError("a run without an end");
}
