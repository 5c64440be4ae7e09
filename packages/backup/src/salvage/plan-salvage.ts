// Making the plan of a salvage: the chain is looked for, everything of it is read, nothing is changed. The state that would
// come of it is counted and digested, so that the execution can be compared with the plan.
import { corruption, type NadbError, quote } from "@nadb/core";
import { checkBackupId } from "../create.js";
import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { infoOf, type Lineage, lineageOf } from "./lineage.js";
import { lossOfAll } from "./losses.js";
import { SalvageMerge } from "./merge.js";
import type { RunSource, SalvageLoss, SalvagePlan, SalvageReport } from "./report.js";
import { notDamaged, type SourceWork, sourceOf } from "./sources.js";
import { StateTotals } from "./state-totals.js";

export interface PlanSalvageOptions extends LongWork {
  /** The id of the new backup. */
  readonly into: string;
}

/**
 * What `salvageBackup` would do; changes nothing. Reads the whole chain. Throws NADB_NOT_FOUND when nothing is left of the
 * backup, NADB_INVALID_ARGUMENT when it is not damaged, NADB_ALREADY_EXISTS for the new id, NADB_CORRUPTION when not one record
 * is left, NADB_NEWER_FORMAT, NADB_UNSUPPORTED for a repository of the Python original.
 *
 * @param name the id of the damaged backup, or its folder in the quarantine: quarantine/ID.
 */
export async function planSalvage(
  repository: Repository,
  name: string,
  { into, ...work }: PlanSalvageOptions,
): Promise<SalvagePlan> {
  checkBackupId(into);
  await repository.checkWritable();
  await repository.checkUnused(into);
  const lineage = await lineageOf(repository, name);
  const lease = await repository.hold(lineage.places.map(({ backupId }) => backupId));
  const renew = async (): Promise<void> => lease?.renew();
  try {
    return {
      into,
      ...(await planHeld(repository, name, lineage, { ...work, renew, onRead: reads(work) })),
    };
  } finally {
    await lease?.release().catch(() => undefined); // it ends by itself
  }
}

function reads({ onProgress }: LongWork): SourceWork["onRead"] {
  const read = { records: 0, bytes: 0 };
  return (records, bytes) => {
    read.records += records;
    read.bytes += bytes;
    onProgress?.({ phase: "check", ...read });
  };
}

async function planHeld(
  { target }: Repository,
  name: string,
  lineage: Lineage,
  { signal, renew, onRead }: SourceWork,
): Promise<SalvageReport> {
  const sources: RunSource[] = [];
  const work = { renew, onRead, ...(signal && { signal }) };
  for (const place of lineage.places) sources.push(await sourceOf(target, place, work));
  const merge = new SalvageMerge(target, sources, { renew, ...(signal && { signal }) });
  const state = new StateTotals();
  for await (const records of merge.records()) {
    state.add(records);
    onRead(records.length, 0);
    await renew();
  }
  const { runs, losses } = merge.result();
  const isComplete = isStateOf(infoOf(sources.at(-1) as RunSource), state);
  if (isComplete && lineage.broken === undefined && sources.every(isIntact)) throw notDamaged(name);
  if (state.recordCount === 0) throw nothingLeft(name);
  const from = (sources.at(-1) as RunSource).backupId;
  const all = isComplete
    ? losses.filter(({ what }) => what === "unproven") // the digest does not cover times
    : [...lossOfChain(lineage, sources), ...losses];
  const unlocated = isComplete || all.length > 0 ? [] : [lossOfState(sources)];
  return { from, isComplete, ...state.totals(), runs, losses: [...all, ...unlocated] };
}

const isIntact = ({ manifest, state }: RunSource): boolean =>
  manifest === "sound" && state === "whole";

/** By its manifest, or a copy of it. */
const isStateOf = (info: BackupInfo | undefined, state: StateTotals): boolean =>
  info !== undefined &&
  info.stateDigest === state.digest.toHex() &&
  (info.stateCount ?? state.recordCount) === state.recordCount &&
  (info.stateBytes ?? state.totalSize) === state.totalSize;

function lossOfChain({ broken }: Lineage, sources: readonly RunSource[]): SalvageLoss[] {
  if (broken === undefined) return [];
  const loss = lossOfAll(sources[0] as RunSource, "chain", broken.why);
  return [
    broken.parent === null ? loss : { ...loss, backupId: broken.parent, path: broken.parent },
  ];
}

const lossOfState = (sources: readonly RunSource[]): SalvageLoss =>
  lossOfAll(
    sources.at(-1) as RunSource,
    "state",
    "nothing is damaged by itself, and still the records have another state digest than its manifest says",
  );

const nothingLeft = (name: string): NadbError =>
  corruption(
    `of ${quote(name)} and what it is laid over not one record is left`,
    "restore an earlier backup, and take a new full one",
  );
