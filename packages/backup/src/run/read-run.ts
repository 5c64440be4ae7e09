// Reading the run of one backup, checked: every byte against the checksums, every change decoded, order and counts
// compared with the manifest.
import {
  changeKey,
  compareChangeKeys,
  corruption,
  createSha256,
  decodeChange,
  type EncodedChange,
  isNadbError,
  isTombstone,
  NadbError,
  quote,
  recordValueLength,
  toHex,
} from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import { decodePack } from "../pack/reader.js";
import { dataPath } from "../paths.js";
import type { BackupTarget } from "../target.js";

/** What the changes of a run add up to. */
export class RunTotals {
  recordCount = 0;
  tombstoneCount = 0;
  /** Bytes of values. */
  totalSize = 0;
  /** Bytes of encoded changes. */
  bytes = 0;
  #last: EncodedChange | undefined;

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

/** Passes the chunks on and hashes them; `checksum` is true once all have passed. */
export class HashedChunks {
  readonly #hasher = createSha256();
  size = 0;

  async *pass(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      this.#hasher.update(chunk);
      this.size += chunk.length;
      yield chunk;
    }
  }

  /** As a manifest has it. Call it once, at the end. */
  checksum(): string {
    return `sha256:${toHex(this.#hasher.digest())}`;
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
}

async function* checkedRun(
  target: BackupTarget,
  path: string,
  info: BackupInfo,
  { signal, ahead, onRead }: ReadWork,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  await checkSize(target, path, info);
  const file = new HashedChunks();
  const totals = new RunTotals();
  const chunks = file.pass(target.read(path, signal === undefined ? {} : { signal }));
  const blocks = decodePack(chunks, info.storedSize, ahead === undefined ? {} : { ahead });
  for await (const changes of blocks) {
    signal?.throwIfAborted();
    const before = totals.bytes;
    for (const change of changes) {
      decodeChange(change);
      totals.add(change);
    }
    onRead?.(changes.length, totals.bytes - before);
    yield changes;
  }
  compareWithManifest(info, totals, file.checksum());
}

/** The file alone, without decoding it: its size, and at level "checksum" every byte of it. */
export async function checkFile(
  target: BackupTarget,
  info: BackupInfo,
  level: "quick" | "checksum",
  { signal }: { readonly signal?: AbortSignal },
): Promise<void> {
  const path = dataPath(info.backupId, info.dataFile);
  try {
    await checkSize(target, path, info);
    if (level === "quick") return;
    const file = new HashedChunks();
    for await (const _ of file.pass(target.read(path, signal === undefined ? {} : { signal }))) {
      signal?.throwIfAborted();
    }
    const checksum = file.checksum();
    if (checksum !== info.checksum) throw differs("checksum", checksum, info.checksum);
  } catch (error) {
    throw naming(path, error);
  }
}

/** What is wrong with a file is told with the file's name. */
function naming(path: string, error: unknown): unknown {
  if (!isNadbError(error, "NADB_CORRUPTION") && !isNadbError(error, "NADB_NEWER_FORMAT"))
    return error;
  return new NadbError(error.code, `${path}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

async function checkSize(target: BackupTarget, path: string, info: BackupInfo): Promise<void> {
  const size = await target.size(path);
  if (size === undefined) throw corruption("the data file is missing");
  if (size !== info.storedSize)
    throw corruption(`it has ${size} bytes, its manifest says ${info.storedSize}`);
}

function compareWithManifest(info: BackupInfo, totals: RunTotals, checksum: string): void {
  const compared: readonly (readonly [string, string | number, string | number])[] = [
    ["checksum", checksum, info.checksum],
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
