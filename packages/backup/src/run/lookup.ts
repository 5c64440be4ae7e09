// What the run of one backup says about one key. A pack is searched by its index, so that the cost is a few blocks whatever
// the size; a run in a format without an index is read from its beginning up to the key.
import {
  type Change,
  changeKey,
  compareUtf8,
  corruption,
  decodeChange,
  type EncodedChange,
  quote,
} from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import { type ReadRange, SeekablePack } from "../pack/seek.js";
import { dataPath } from "../paths.js";
import type { LongWork } from "../progress.js";
import type { BackupTarget } from "../target.js";
import { checkSize, naming, readRun } from "./read-run.js";

type Work = Pick<LongWork, "signal">;

/**
 * The record or tombstone that the run holds under the key; undefined when it holds none. Proven is what was read for the
 * answer: of a pack its index, and the blocks that the search came by, each by its own checksum and by the order of their
 * keys. The rest of the file, its checksum in the manifest and the state digest are not: `readRun` and verification
 * prove those. Throws NADB_CORRUPTION or NADB_NEWER_FORMAT naming the file.
 */
export async function changeInRun(
  target: BackupTarget,
  info: BackupInfo,
  key: string,
  work: Work,
): Promise<Change | undefined> {
  if (info.format !== "nadb-pack") return changeInStream(target, info, key, work);
  const path = dataPath(info.backupId, info.dataFile);
  const signal = work.signal === undefined ? {} : { signal: work.signal };
  try {
    await checkSize(target, path, info);
    const pack = await openPack((start, end) => target.read(path, { start, end, ...signal }), info);
    return await changeInPack(pack, key, work);
  } catch (error) {
    throw naming(path, error);
  }
}

async function openPack(read: ReadRange, info: BackupInfo): Promise<SeekablePack> {
  const pack = await SeekablePack.open(read, info.storedSize, info.codec);
  const { recordCount, tombstoneCount } = pack.trailer;
  if (recordCount !== info.recordCount || tombstoneCount !== info.tombstoneCount)
    throw corruption("its trailer counts other changes than its manifest");
  return pack;
}

async function changeInPack(
  pack: SeekablePack,
  key: string,
  { signal }: Work,
): Promise<Change | undefined> {
  let [low, high] = [0, pack.blockCount];
  const seen: Neighbours = {};
  while (low < high) {
    signal?.throwIfAborted();
    const middle = (low + high) >>> 1;
    const changes = await pack.block(middle);
    const [first, last] = edgesOf(changes, seen);
    if (compareUtf8(key, first) < 0) {
      high = middle;
      seen.above = first;
    } else if (compareUtf8(key, last) > 0) {
      low = middle + 1;
      seen.below = last;
    } else return changeAmong(changes, key);
  }
  return undefined;
}

/** The keys between which the search has come. */
interface Neighbours {
  below?: string;
  above?: string;
}

/** First and last key of a block. Throws NADB_CORRUPTION when they do not stand where the blocks around have them. */
function edgesOf(
  changes: readonly EncodedChange[],
  { below, above }: Neighbours,
): [string, string] {
  const first = checkedKey(changes[0] as EncodedChange);
  const last = checkedKey(changes.at(-1) as EncodedChange);
  if (comesBefore(below, first) && compareUtf8(first, last) <= 0 && comesBefore(last, above))
    return [first, last];
  throw corruption(`the block from ${quote(first)} to ${quote(last)} is out of order`);
}

const comesBefore = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || compareUtf8(a, b) < 0;

function checkedKey(change: EncodedChange): string {
  decodeChange(change);
  return changeKey(change);
}

/** As a copy, so that a single record does not keep its whole block in memory. */
function changeAmong(changes: readonly EncodedChange[], key: string): Change | undefined {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const change = changes[middle] as EncodedChange;
    const order = compareUtf8(key, checkedKey(change));
    if (order === 0) return decodeChange(new Uint8Array(change));
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return undefined;
}

async function changeInStream(
  target: BackupTarget,
  info: BackupInfo,
  key: string,
  work: Work,
): Promise<Change | undefined> {
  for await (const changes of readRun(target, info, work)) {
    const last = changes.at(-1);
    if (last === undefined || compareUtf8(key, changeKey(last)) > 0) continue;
    return changeAmong(changes, key);
  }
  return undefined;
}
