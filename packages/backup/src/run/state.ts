// The state that a backup restores to, proven: the runs of its chain merged, every record compared with the state digest
// of the cut. Verification, restore and everything that reads a backup come through here, so they can not disagree.
import {
  corruption,
  type EncodedChange,
  isTombstone,
  type NadbError,
  recordValueLength,
  StateDigest,
} from "@nadb/core";
import { formatOf } from "../formats.js";
import type { BackupInfo } from "../manifest.js";
import { dataPath } from "../paths.js";
import type { LongWork, Progress } from "../progress.js";
import type { BackupTarget } from "../target.js";
import { mergeRuns } from "./merge.js";
import { type ReadWork, readRun } from "./read-run.js";

/** What is read: a chain, oldest first (chain.ts), and the shared lease on it, where others could take it away. */
export interface ChainSource {
  readonly target: BackupTarget;
  readonly chain: readonly BackupInfo[];
  readonly renew?: () => Promise<void>;
}

/**
 * The live records at the cut of the chain's last backup, in key order, a batch at a time. Only an iteration that
 * reaches its end has seen all of it, and has compared it; a backup of the Python original has no digest to compare.
 * Throws NADB_CORRUPTION or NADB_NEWER_FORMAT.
 */
export async function* provenState(
  { target, chain, renew }: ChainSource,
  phase: Progress["phase"],
  work: LongWork,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  const tip = chain.at(-1) as BackupInfo;
  const digest = new StateDigest();
  const found = { stateCount: 0, stateBytes: 0 };
  const reading = { ...readWork(chain, phase, work), ...(renew && { renew }) };
  const merged = mergeRuns(chain.map((info) => readRun(target, info, reading)));
  for await (const changes of merged) {
    const records = changes.filter((change) => !isTombstone(change));
    for (const record of records) {
      digest.toggle(record);
      found.stateBytes += recordValueLength(record);
    }
    found.stateCount += records.length;
    yield records;
  }
  if (formatOf(tip).isProven) compareWithCut(chain, tip, { stateDigest: digest.toHex(), ...found });
}

type StateTotals = Required<Pick<BackupInfo, "stateDigest" | "stateCount" | "stateBytes">>;

const SAYS: Readonly<Record<keyof StateTotals, string>> = {
  stateDigest: "state digest",
  stateCount: "state count",
  stateBytes: "state bytes",
};

function compareWithCut(chain: readonly BackupInfo[], tip: BackupInfo, found: StateTotals): void {
  for (const field of ["stateDigest", "stateCount", "stateBytes"] as const) {
    const says = tip[field];
    if (says !== undefined && says !== found[field])
      throw differs(chain, field, found[field], says);
  }
}

function differs(
  chain: readonly BackupInfo[],
  field: keyof StateTotals,
  found: string | number,
  says: string | number,
): NadbError {
  const { backupId, dataFile } = chain.at(-1) as BackupInfo;
  const before = chain.length === 1 ? "" : ` (and the ${chain.length - 1} before it)`;
  return corruption(
    `${dataPath(backupId, dataFile)}${before}: its records have ${SAYS[field]} ${found}, its manifest says ${says}`,
  );
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
