// The state that a backup restores to, proven: the runs of its chain merged, every record compared with the state digest
// of the cut. Verification, restore and everything that reads a backup come through here, so they can not disagree.
import { corruption, type EncodedChange, isTombstone, StateDigest } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import { dataPath } from "../paths.js";
import type { LongWork, Progress } from "../progress.js";
import type { BackupTarget } from "../target.js";
import { mergeRuns } from "./merge.js";
import { type ReadWork, readRun } from "./read-run.js";

/**
 * The live records at the cut of the chain's last backup, in key order, a batch at a time. Only an iteration that
 * reaches its end has seen all of it, and has compared it. Throws NADB_CORRUPTION or NADB_NEWER_FORMAT.
 *
 * @param chain oldest first (chain.ts).
 */
export async function* provenState(
  target: BackupTarget,
  chain: readonly BackupInfo[],
  phase: Progress["phase"],
  work: LongWork,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  const tip = chain.at(-1) as BackupInfo;
  const digest = new StateDigest();
  const reading = readWork(chain, phase, work);
  const merged = mergeRuns(chain.map((info) => readRun(target, info, reading)));
  for await (const changes of merged) {
    const records = changes.filter((change) => !isTombstone(change));
    for (const record of records) digest.toggle(record);
    yield records;
  }
  if (digest.toHex() !== tip.stateDigest) {
    const file = dataPath(tip.backupId, tip.dataFile);
    const before = chain.length === 1 ? "" : ` (and the ${chain.length - 1} before it)`;
    throw corruption(
      `${file}${before}: its records have state digest ${digest.toHex()}, its manifest says ${tip.stateDigest}`,
    );
  }
}

function readWork(
  chain: readonly BackupInfo[],
  phase: Progress["phase"],
  { signal, onProgress }: LongWork,
): ReadWork {
  const totalRecords = chain.reduce((sum, info) => sum + info.fileCount, 0);
  const read = { records: 0, bytes: 0 };
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(chain.length === 1 ? {} : { ahead: 1 }),
    onRead: (records, bytes) => {
      read.records += records;
      read.bytes += bytes;
      onProgress?.({ phase, ...read, totalRecords });
    },
  };
}
