// Reading what backups hold without restoring them. Everything is read through the same proof as a restore; a reader that
// stops early has seen what it has seen, one that reaches the end has seen the state of the cut, proven.
import {
  type ChangePage,
  compareBytes,
  compareUtf8,
  decodeRecord,
  type EncodedChange,
  isTombstone,
  type StorageNamespace,
  type StoredRecord,
} from "@nadb/core";
import type { LongWork } from "./progress.js";
import type { Repository } from "./repository.js";
import { Pieces } from "./run/pieces.js";
import { inKeyOrder } from "./run/sort.js";
import { provenState } from "./run/state.js";
import { memoryTarget } from "./targets/memory.js";

/** The live records at the cut of a backup, in the UTF-8 byte order of their keys. */
export async function* recordsOf(
  repository: Repository,
  backupId: string,
  work: LongWork,
): AsyncGenerator<StoredRecord, void, undefined> {
  const chain = await repository.chain(await repository.get(backupId));
  yield* decoded(provenState(repository.target, chain, "check", work));
}

/** One record; reads the backup up to its key. */
export async function recordOf(
  repository: Repository,
  backupId: string,
  key: string,
  work: LongWork,
): Promise<StoredRecord | undefined> {
  for await (const record of recordsOf(repository, backupId, work)) {
    const order = compareUtf8(record.key, key);
    if (order === 0) return record;
    if (order > 0) return undefined;
  }
  return undefined;
}

/** How a key differs between two states. */
export interface Difference {
  readonly type: "added" | "changed" | "deleted";
  readonly key: string;
  /** Of a changed record: what about it is another. */
  readonly value?: boolean;
  readonly tags?: boolean;
  readonly expiresAt?: boolean;
}

/** What leads from the first state to the second, in key order. */
export async function* differences(
  before: AsyncIterable<StoredRecord>,
  after: AsyncIterable<StoredRecord>,
): AsyncGenerator<Difference, void, undefined> {
  const [a, b] = [before[Symbol.asyncIterator](), after[Symbol.asyncIterator]()];
  try {
    let [left, right] = [await a.next(), await b.next()];
    while (!left.done || !right.done) {
      const order = left.done ? 1 : right.done ? -1 : compareUtf8(left.value.key, right.value.key);
      if (order < 0) yield { type: "deleted", key: (left.value as StoredRecord).key };
      else if (order > 0) yield { type: "added", key: (right.value as StoredRecord).key };
      else yield* compare(left.value as StoredRecord, right.value as StoredRecord);
      if (order <= 0) left = await a.next();
      if (order >= 0) right = await b.next();
    }
  } finally {
    await Promise.allSettled([a.return?.(), b.return?.()]);
  }
}

function* compare(a: StoredRecord, b: StoredRecord): Generator<Difference> {
  const value = compareBytes(a.value, b.value) !== 0;
  const tags = a.tags.length !== b.tags.length || a.tags.some((tag, i) => tag !== b.tags[i]);
  const expiresAt = a.expiresAt !== b.expiresAt;
  if (value || tags || expiresAt) yield { type: "changed", key: a.key, value, tags, expiresAt };
}

/** The records of a namespace now, from one cut, in the same order. */
export async function* liveRecords(
  storage: StorageNamespace,
  { signal }: LongWork,
): AsyncGenerator<StoredRecord, void, undefined> {
  const pages: AsyncIterable<ChangePage> = storage.changes(
    null,
    signal === undefined ? {} : { signal },
  );
  yield* decoded(inKeyOrder(pages, new Pieces(memoryTarget(), "live")));
}

/** The records of a run; one from an engine without snapshots may hold tombstones, too. */
async function* decoded(
  batches: AsyncIterable<readonly EncodedChange[]>,
): AsyncGenerator<StoredRecord, void, undefined> {
  for await (const batch of batches)
    for (const change of batch) if (!isTombstone(change)) yield decodeRecord(change);
}
