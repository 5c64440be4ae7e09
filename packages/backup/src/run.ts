// Reading a backup's run, proven: every byte against the checksums, every record against the state digest.
// Verification and restore both read through here, so they can not disagree.
import {
  corruption,
  createSha256,
  decodeChange,
  type EncodedChange,
  isNadbError,
  isTombstone,
  NadbError,
  recordValueLength,
  StateDigest,
  toHex,
} from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import { decodePack } from "./pack/reader.js";
import { dataPath } from "./paths.js";
import type { LongWork, Progress } from "./progress.js";
import type { BackupTarget } from "./target.js";

/** What the changes of a run add up to. */
export class RunTotals {
  recordCount = 0;
  tombstoneCount = 0;
  /** Bytes of values. */
  totalSize = 0;
  /** Bytes of encoded changes. */
  bytes = 0;

  add(change: EncodedChange): void {
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
 * The state that a backup restores to, as changes, a block at a time. Checks the data file, compares it with the
 * manifest, and decodes every change, so what passes here a store will take; only an iteration that reaches its
 * end has seen all of it. Throws NADB_CORRUPTION or NADB_NEWER_FORMAT naming the file.
 */
export async function* provenState(
  target: BackupTarget,
  info: BackupInfo,
  phase: Progress["phase"],
  work: LongWork,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  const path = dataPath(info.backupId, info.dataFile);
  const digest = new StateDigest();
  try {
    for await (const changes of readRun(target, path, info, phase, work)) {
      for (const change of changes) {
        if (decodeChange(change).type === "record") digest.toggle(change);
      }
      yield changes;
    }
    if (digest.toHex() !== info.stateDigest) {
      throw corruption(
        `its records have state digest ${digest.toHex()}, its manifest says ${info.stateDigest}`,
      );
    }
  } catch (error) {
    throw naming(path, error);
  }
}

async function* readRun(
  target: BackupTarget,
  path: string,
  info: BackupInfo,
  phase: Progress["phase"],
  { signal, onProgress }: LongWork,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  await checkSize(target, path, info);
  const file = new HashedChunks();
  const totals = new RunTotals();
  const chunks = file.pass(target.read(path, signal === undefined ? {} : { signal }));
  for await (const changes of decodePack(chunks, info.storedSize)) {
    signal?.throwIfAborted();
    for (const change of changes) totals.add(change);
    yield changes;
    onProgress?.({
      phase,
      records: totals.recordCount,
      bytes: totals.bytes,
      totalRecords: info.recordCount,
    });
  }
  compareWithManifest(info, totals, file.checksum());
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
    if (found !== expected) throw corruption(`${field} is ${found}, its manifest says ${expected}`);
  }
}
