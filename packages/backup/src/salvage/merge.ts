// The newest state that the runs of a damaged chain still tell: merged as a restore merges them, each key's newest change that
// is left counts. Where a newer run has lost what it may have said about a key, the older version that stands in is told.

import { changeKey, compareChangeKeys, type EncodedChange, isTombstone } from "@nadb/core";
import type { BackupTarget } from "../target.js";
import { SalvageCursor } from "./cursor.js";
import type { FileWork } from "./file-bytes.js";
import type { OpenLoss } from "./losses.js";
import type { RunSource, SalvagedRun, SalvageLoss } from "./report.js";

/** Records handed on at a time, and their bytes. */
const BATCH = 1_024;
const BATCH_BYTES = 1 << 20;

export class SalvageMerge {
  readonly #cursors: readonly SalvageCursor[];

  /** @param sources the oldest first. */
  constructor(target: BackupTarget, sources: readonly RunSource[], work: FileWork) {
    this.#cursors = sources.map((source) => new SalvageCursor(target, source, work));
  }

  /** In key order. */
  async *records(): AsyncGenerator<readonly EncodedChange[], void, undefined> {
    let batch: EncodedChange[] = [];
    let bytes = 0;
    try {
      for (const cursor of this.#cursors) await cursor.load();
      for (let least = this.#least(); least !== undefined; least = this.#least()) {
        const record = await this.#newestOf(least);
        if (record === undefined) continue;
        batch.push(record);
        bytes += record.length;
        if (batch.length < BATCH && bytes < BATCH_BYTES) continue;
        yield batch;
        batch = [];
        bytes = 0;
      }
      if (batch.length > 0) yield batch;
    } finally {
      await Promise.allSettled(this.#cursors.map((cursor) => cursor.close()));
    }
  }

  /** Once all records have been taken. */
  result(): { readonly runs: readonly SalvagedRun[]; readonly losses: readonly SalvageLoss[] } {
    const results = this.#cursors.map((cursor) => cursor.result());
    return { runs: results.map(({ run }) => run), losses: results.flatMap(({ losses }) => losses) };
  }

  /** A change with the least key; undefined at the end of all runs. */
  #least(): EncodedChange | undefined {
    let least: EncodedChange | undefined;
    for (const { change } of this.#cursors) {
      if (change === undefined) continue;
      if (least === undefined || compareChangeKeys(change, least) < 0) least = change;
    }
    return least;
  }

  /** The record under the key, if there is one; all runs are behind the key then. */
  async #newestOf(key: EncodedChange): Promise<EncodedChange | undefined> {
    const lost: OpenLoss[] = [];
    let newest: EncodedChange | undefined;
    for (const cursor of this.#cursors.toReversed()) {
      const { change, lossBefore } = cursor;
      if (change !== undefined && compareChangeKeys(change, key) === 0) {
        newest ??= change;
        await cursor.next();
      } else if (newest === undefined && lossBefore !== undefined) lost.push(lossBefore);
    }
    if (newest === undefined || isTombstone(newest)) return undefined;
    for (const loss of lost) loss.addStandIn(changeKey(newest));
    return newest;
  }
}
