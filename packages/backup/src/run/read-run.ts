// Reading the run of one backup, checked: every byte against the checksums, every change decoded, order and counts
// compared with the manifest.
import {
  changeKey,
  compareChangeKeys,
  corruption,
  decodeChange,
  type EncodedChange,
  isNadbError,
  isTombstone,
  NadbError,
  quote,
  recordValueLength,
} from "@nadb/core";
import { formatOf } from "../formats.js";
import type { BackupInfo } from "../manifest.js";
import { dataPath } from "../paths.js";
import type { BackupTarget } from "../target.js";
import { HashedChunks } from "./hashed-chunks.js";

/** What the changes of a run add up to. */
export class RunTotals {
  recordCount = 0;
  tombstoneCount = 0;
  /** Bytes of values. */
  totalSize = 0;
  /** Bytes of encoded changes. */
  bytes = 0;
  #last: EncodedChange | undefined;

  get changeCount(): number {
    return this.recordCount + this.tombstoneCount;
  }

  /** Throws NADB_CORRUPTION for a change that does not come behind the one before, in the order of keys. */
  add(change: EncodedChange): void {
    if (this.#last !== undefined && compareChangeKeys(this.#last, change) >= 0) {
      throw corruption(`the key ${quote(changeKey(change))} is out of order`);
    }
    this.#last = change;
    this.bytes += change.length;
    if (isTombstone(change)) {
      this.tombstoneCount++;
      return;
    }
    this.recordCount++;
    this.totalSize += recordValueLength(change);
  }
}

/**
 * The changes of one backup's file, in key order, a block at a time. Checks the file against its manifest and decodes
 * every change, so what passes here a store will take; only an iteration that reaches its end has seen all of it. Throws
 * NADB_CORRUPTION or NADB_NEWER_FORMAT naming the file.
 */
export async function* readRun(
  target: BackupTarget,
  info: BackupInfo,
  work: ReadWork,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  const path = dataPath(info.backupId, info.dataFile);
  try {
    yield* checkedRun(target, path, info, work);
  } catch (error) {
    throw naming(path, error);
  }
}

export interface ReadWork {
  readonly signal?: AbortSignal;
  /** Blocks unpacked ahead; fewer where many runs are read at once. */
  readonly ahead?: number;
  /** Told after each block. */
  readonly onRead?: (changes: number, bytes: number) => void;
  /** Called often: of the shared lease on what is read, where others could take it away. */
  readonly renew?: () => Promise<void>;
}

async function* checkedRun(
  target: BackupTarget,
  path: string,
  info: BackupInfo,
  { signal, ahead, onRead, renew }: ReadWork,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  await checkSize(target, path, info);
  const file = new HashedChunks();
  const totals = new RunTotals();
  const chunks = file.pass(target.read(path, signal === undefined ? {} : { signal }));
  const format = formatOf(info);
  for await (const changes of format.decode(chunks, info, ahead === undefined ? {} : { ahead })) {
    signal?.throwIfAborted();
    const before = totals.bytes;
    for (const change of changes) {
      decodeChange(change);
      totals.add(change);
    }
    onRead?.(changes.length, totals.bytes - before);
    await renew?.();
    yield changes;
  }
  const checksum = file.checksum();
  if (checksum !== info.checksum) throw differs("checksum", checksum, info.checksum);
  if (format.isProven) compareWithManifest(info, totals);
}

/** The file alone, without decoding it: its size, and at level "checksum" every byte of it. */
export async function checkFile(
  target: BackupTarget,
  info: BackupInfo,
  level: "quick" | "checksum",
  { signal, renew }: Pick<ReadWork, "signal" | "renew">,
): Promise<void> {
  const path = dataPath(info.backupId, info.dataFile);
  try {
    await checkSize(target, path, info);
    await renew?.();
    if (level === "quick") return;
    const file = new HashedChunks();
    for await (const _ of file.pass(target.read(path, signal === undefined ? {} : { signal }))) {
      signal?.throwIfAborted();
      await renew?.();
    }
    const checksum = file.checksum();
    if (checksum !== info.checksum) throw differs("checksum", checksum, info.checksum);
  } catch (error) {
    throw naming(path, error);
  }
}

/** What is wrong with a file is told with the file's name. */
export function naming(path: string, error: unknown): unknown {
  if (!isNadbError(error, "NADB_CORRUPTION") && !isNadbError(error, "NADB_NEWER_FORMAT"))
    return error;
  return new NadbError(error.code, `${path}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

/** Throws NADB_CORRUPTION unless the file is there, as long as its manifest says. */
export async function checkSize(
  target: BackupTarget,
  path: string,
  info: BackupInfo,
): Promise<void> {
  const size = await target.size(path);
  if (size === undefined) throw corruption("the data file is missing");
  if (size !== info.storedSize)
    throw corruption(`it has ${size} bytes, its manifest says ${info.storedSize}`);
}

function compareWithManifest(info: BackupInfo, totals: RunTotals): void {
  const compared: readonly (readonly [string, number, number])[] = [
    ["record_count", totals.recordCount, info.recordCount],
    ["tombstone_count", totals.tombstoneCount, info.tombstoneCount],
    ["file_count", totals.recordCount + totals.tombstoneCount, info.fileCount],
    ["total_size", totals.totalSize, info.totalSize],
  ];
  for (const [field, found, expected] of compared) {
    if (found !== expected) throw differs(field, found, expected);
  }
}

const differs = (field: string, found: string | number, expected: string | number): NadbError =>
  corruption(`${field} is ${found}, its manifest says ${expected}`);
