// Reading what backups hold without restoring them. Whole states are read through the same proof as a restore: a reader
// that stops early has seen what it has seen, one that reaches the end has seen the state of the cut, proven. Single keys
// are looked up, and proven by the blocks that were read for them.
import {
  type Change,
  type ChangePage,
  checkKey,
  compareBytes,
  compareUtf8,
  decodeRecord,
  type EncodedChange,
  isNadbError,
  isTombstone,
  type StorageNamespace,
  type StoredRecord,
} from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import type { Reading } from "./reading.js";
import { changeInRun } from "./run/lookup.js";
import { Pieces } from "./run/pieces.js";
import { inKeyOrder } from "./run/sort.js";
import { type ChainSource, provenState } from "./run/state.js";
import type { BackupTarget } from "./target.js";
import { memoryTarget } from "./targets/memory.js";

/** Where backups are read from: a repository. */
export interface BackupSource {
  readonly target: BackupTarget;
  get(backupId: string): Promise<BackupInfo>;
  chain(info: BackupInfo): Promise<readonly BackupInfo[]>;
  reading(backupId: string): Promise<Reading>;
}

/** The live records at the cut of a backup, in the UTF-8 byte order of their keys. */
export async function* recordsOf(
  source: BackupSource,
  backupId: string,
  work: LongWork,
): AsyncGenerator<StoredRecord, void, undefined> {
  await using reading = await source.reading(backupId);
  yield* decoded(provenState(reading, "check", work));
}

/** One record; the newest backup of the chain that says anything about the key decides. */
export async function recordOf(
  source: BackupSource,
  backupId: string,
  key: string,
  work: Pick<LongWork, "signal">,
): Promise<StoredRecord | undefined> {
  checkKey(key);
  try {
    const chain = await source.chain(await source.get(backupId));
    return await recordIn({ target: source.target, chain }, key, work);
  } catch (error) {
    if (!isNadbError(error, "NADB_CORRUPTION")) throw error;
    await using reading = await source.reading(backupId); // a file may just have been merged away: held, it can not be
    return await recordIn(reading, key, work);
  }
}

async function recordIn(
  { target, chain, renew }: ChainSource,
  key: string,
  work: Pick<LongWork, "signal">,
): Promise<StoredRecord | undefined> {
  for (const info of chain.toReversed()) {
    const change = await changeInRun(target, info, key, work);
    if (change !== undefined) return change.type === "record" ? change.record : undefined;
    await renew?.();
  }
  return undefined;
}

/** What a backup itself says about a key, without those that it goes on from. */
export async function changeOf(
  source: BackupSource,
  backupId: string,
  key: string,
  work: Pick<LongWork, "signal">,
): Promise<Change | undefined> {
  checkKey(key);
  return changeInRun(source.target, await source.get(backupId), key, work);
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
