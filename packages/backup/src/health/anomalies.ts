// What is unusual about a backup, told from manifests alone: it is compared with those of its namespace before it, each
// measure with the middle of theirs and with how far they usually lie from it. Pure. An empty state after one that was not
// is always unusual; everything else needs enough backups to compare with. INVARIANT: a merge changes nothing about it.
import type { BackupInfo } from "../manifest.js";
import { stateCountOf, takenRunOf } from "../taken-run.js";
import { counted } from "./words.js";

export type AnomalyKind = "empty" | "records" | "deletes" | "changes" | "compression";

export interface Anomaly {
  readonly kind: AnomalyKind;
  /** What was measured: records of the state, or a share from 0. */
  readonly value: number;
  /** The middle of the earlier ones; null where there is no trend in it. */
  readonly usual: number | null;
  /** In words. */
  readonly detail: string;
}

/** How far a backup may lie from those before it. */
export interface AnomalyLimits {
  /** Fewer backups with a measure are no trend in it. Default 5. */
  readonly minEarlier?: number;
  /** How many of the backups before it are compared, the newest. Default 20. */
  readonly window?: number;
  /** How many times the usual distance from the middle it may lie from it. Default 6. */
  readonly spread?: number;
  /** The records of the state may differ by this share of the middle in any case. Default 0.5. */
  readonly recordsShare?: number;
  /** An incremental may delete this share of its parent's records more than the middle in any case. Default 0.3. */
  readonly deletedShare?: number;
  /** As `deletedShare`, of records that are new, changed or deleted. Default 0.5. */
  readonly changedShare?: number;
  /** Stored bytes by bytes of values may differ by so much in any case. Default 0.25. */
  readonly compressedShare?: number;
}

const DEFAULTS: Required<AnomalyLimits> = {
  minEarlier: 5,
  window: 20,
  spread: 6,
  recordsShare: 0.5,
  deletedShare: 0.3,
  changedShare: 0.5,
  compressedShare: 0.25,
};

/** Shares of fewer records say nothing. */
const MIN_RECORDS = 20;
/** Fewer bytes do not tell how well values can be compressed. */
const MIN_BYTES = 1 << 16;
/** Makes the median of distances comparable with a standard deviation. */
const SPREAD_OF_MEDIAN = 1.4826;

/** @param earlier of the same namespace, oldest first: those that count as usual. */
export function anomaliesOf(
  backup: BackupInfo,
  earlier: readonly BackupInfo[],
  limits: AnomalyLimits = {},
): readonly Anomaly[] {
  const counts = countsOf([...earlier, backup]);
  const trend = new Trend({ ...DEFAULTS, ...limits });
  for (const info of earlier) trend.add(measure(info, counts));
  return judge(measure(backup, counts), trend);
}

/**
 * The unusual backups of one namespace, by id. What an operator has accepted is usual from then on: nothing before it counts
 * any more. What is unusual and was not accepted never counts as usual. @param backups oldest first.
 */
export function anomaliesIn(
  backups: readonly BackupInfo[],
  accepted: ReadonlySet<string> = new Set(),
  limits: AnomalyLimits = {},
): ReadonlyMap<string, readonly Anomaly[]> {
  const counts = countsOf(backups);
  const begin = backups.findLastIndex(({ backupId }) => accepted.has(backupId));
  const usual = new Trend({ ...DEFAULTS, ...limits });
  const found = new Map<string, readonly Anomaly[]>();
  for (const backup of backups.slice(Math.max(0, begin))) {
    const measures = measure(backup, counts);
    const isAccepted = accepted.has(backup.backupId);
    const anomalies = isAccepted ? [] : judge(measures, usual);
    if (anomalies.length === 0) usual.add(measures);
    else found.set(backup.backupId, anomalies);
  }
  return found;
}

/** What is compared; undefined where the backup tells nothing of it. */
interface Measures {
  readonly records: number | undefined;
  readonly deletes: number | undefined;
  readonly changes: number | undefined;
  readonly compression: number | undefined;
  /** Only what was written the same way compresses the same way. */
  readonly way: string;
}

const countsOf = (backups: readonly BackupInfo[]): ReadonlyMap<string, number | undefined> =>
  new Map(backups.map((info) => [info.backupId, stateCountOf(info)]));

function measure(info: BackupInfo, counts: ReadonlyMap<string, number | undefined>): Measures {
  const parent = info.parentBackupId === null ? undefined : counts.get(info.parentBackupId);
  const run = takenRunOf(info, parent);
  const { parentCount } = run;
  const share = (count: number): number | undefined =>
    parentCount === undefined || parentCount < MIN_RECORDS ? undefined : count / parentCount;
  const isCompressed = info.compression && run.totalSize >= MIN_BYTES;
  return {
    records: stateCountOf(info),
    deletes: share(run.tombstoneCount),
    changes: share(run.fileCount),
    compression: isCompressed ? run.storedSize / run.totalSize : undefined,
    way: `${run.backupType} ${info.format} ${info.codec}`,
  };
}

type Measured = Exclude<keyof Measures, "way">;
const MEASURED: readonly Measured[] = ["records", "deletes", "changes", "compression"];

interface Usual {
  readonly middle: number;
  readonly distance: number;
}

/** Of each measure the newest values, as many as are compared. */
class Trend {
  readonly #values = new Map<string, number[]>();

  constructor(readonly limits: Required<AnomalyLimits>) {}

  add(measures: Measures): void {
    for (const kind of MEASURED) {
      const value = measures[kind];
      if (value === undefined) continue;
      const name = nameOf(kind, measures);
      this.#values.set(name, [...this.#of(name), value].slice(-this.limits.window));
    }
  }

  /** How many records the one before held; 0 when none tells. */
  get lastRecords(): number {
    return this.#of("records").at(-1) ?? 0;
  }

  /** Undefined when there are too few to call anything usual. */
  usual(kind: Measured, measures: Measures): Usual | undefined {
    const values = this.#of(nameOf(kind, measures));
    if (values.length === 0 || values.length < this.limits.minEarlier) return undefined;
    const middle = medianOf(values);
    const distances = values.map((value) => Math.abs(value - middle));
    return { middle, distance: SPREAD_OF_MEDIAN * medianOf(distances) };
  }

  #of(name: string): readonly number[] {
    return this.#values.get(name) ?? [];
  }
}

const nameOf = (kind: Measured, { way }: Measures): string =>
  kind === "compression" ? `${kind} ${way}` : kind;

function judge(backup: Measures, trend: Trend): readonly Anomaly[] {
  const found = [
    emptied(backup, trend),
    records(backup, trend),
    grown("deletes", backup, trend, trend.limits.deletedShare),
    grown("changes", backup, trend, trend.limits.changedShare),
    compression(backup, trend),
  ];
  return found.filter((anomaly) => anomaly !== undefined);
}

function emptied({ records }: Measures, { lastRecords: before }: Trend): Anomaly | undefined {
  if (records !== 0 || before === 0) return undefined;
  const detail = `it is empty, the one before it held ${counted(before, "record")}`;
  return { kind: "empty", value: 0, usual: before, detail };
}

function records(backup: Measures, trend: Trend): Anomaly | undefined {
  const { recordsShare, spread } = trend.limits;
  const value = backup.records;
  const usual = trend.usual("records", backup);
  if (value === undefined || usual === undefined || usual.middle < MIN_RECORDS) return undefined;
  const allowed = Math.max(recordsShare * usual.middle, spread * usual.distance);
  if (Math.abs(value - usual.middle) <= allowed) return undefined;
  const detail = `it holds ${counted(value, "record")}, usual are ${Math.round(usual.middle)}`;
  return { kind: "records", value, usual: usual.middle, detail };
}

const DOES = { deletes: "deletes", changes: "changes" } as const;

/** Fewer than usual are nothing to look at. */
function grown(
  kind: "deletes" | "changes",
  backup: Measures,
  trend: Trend,
  share: number,
): Anomaly | undefined {
  const value = backup[kind];
  const usual = trend.usual(kind, backup);
  if (value === undefined || usual === undefined) return undefined;
  if (value - usual.middle <= Math.max(share, trend.limits.spread * usual.distance))
    return undefined;
  const detail = `it ${DOES[kind]} ${percent(value)} of the records, usual are ${percent(usual.middle)}`;
  return { kind, value, usual: usual.middle, detail };
}

/** Values that were encrypted do not compress any more, values that were wiped compress to nothing. */
function compression(backup: Measures, trend: Trend): Anomaly | undefined {
  const { compressedShare, spread } = trend.limits;
  const value = backup.compression;
  const usual = trend.usual("compression", backup);
  if (value === undefined || usual === undefined) return undefined;
  const allowed = Math.max(compressedShare, spread * usual.distance);
  if (Math.abs(value - usual.middle) <= allowed) return undefined;
  const detail = `its values are stored in ${percent(value)} of their bytes, usual are ${percent(usual.middle)}`;
  return { kind: "compression", value, usual: usual.middle, detail };
}

/** REQUIRES: at least one. */
function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
