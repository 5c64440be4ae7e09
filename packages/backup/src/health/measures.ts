// The numbers behind a judgement, for metrics and for people who look at trends.
import type { BackupInfo } from "../manifest.js";
import { stateCountOf } from "../taken-run.js";
import { archiveVerified, lastDrilled, lastVerified, newestGood, secondsSince } from "./ages.js";
import type { BackupFacts } from "./chains.js";
import type { HealthFacts, RepositoryFacts } from "./facts.js";

/** Undefined is what is not known. Times are ISO 8601 in UTC, ages seconds. */
export interface HealthMeasures {
  readonly backups: number;
  readonly goodBackups: number;
  readonly damagedBackups: number;
  readonly unusualBackups: number;
  readonly leftovers: number;
  readonly newestGood: string | undefined;
  readonly newestGoodAt: string | undefined;
  readonly ageSeconds: number | undefined;
  readonly verifiedAt: string | undefined;
  readonly unverifiedSeconds: number | undefined;
  readonly drilledAt: string | undefined;
  readonly undrilledSeconds: number | undefined;
  /** How long the restore of the last drill took. */
  readonly recoverySeconds: number | undefined;
  /** Backups that the newest good one restores from. */
  readonly chainLength: number;
  /** Of all data files of the namespace's backups. */
  readonly storedBytes: number;
  /** Records of the namespace, and bytes of their values, at the cut of the newest good backup. */
  readonly stateRecords: number | undefined;
  readonly stateBytes: number | undefined;
  /** Over the newest backups, by their times. */
  readonly growthBytesPerDay: number | undefined;
  readonly archiveLagSeconds: number | undefined;
  readonly archiveLagVersions: number | undefined;
  readonly archiveVerifiedAt: string | undefined;
}

export function measuresOf({ now }: HealthFacts, repository: RepositoryFacts): HealthMeasures {
  const { backups, findings, leftovers, archive } = repository;
  const good = backups.filter(({ isGood }) => isGood).length;
  const newest = newestGood(repository);
  const [verifiedAt, drilledAt] = [lastVerified(repository, now), lastDrilled(repository, now)];
  return {
    backups: backups.length,
    goodBackups: good,
    damagedBackups: backups.length - good + findings.length,
    unusualBackups: backups.filter(({ anomalies }) => anomalies.length > 0).length,
    leftovers: leftovers.length,
    newestGood: newest?.info.backupId,
    newestGoodAt: newest?.info.timestamp,
    ageSeconds: since(newest?.info.timestamp, now),
    verifiedAt,
    unverifiedSeconds: since(verifiedAt, now),
    drilledAt,
    undrilledSeconds: since(drilledAt, now),
    recoverySeconds: lastRecovery(backups),
    chainLength: newest?.chainLength ?? 0,
    storedBytes: storedBytesOf(backups),
    stateRecords: newest && stateCountOf(newest.info),
    stateBytes: newest && stateBytesOf(newest.info),
    growthBytesPerDay: growthOf(backups.map(({ info }) => info)),
    archiveLagSeconds: archive?.lag?.seconds,
    archiveLagVersions: archive?.lag?.versions,
    archiveVerifiedAt: archive && archiveVerified(archive, now),
  };
}

const since = (time: string | undefined, now: number): number | undefined =>
  time === undefined ? undefined : secondsSince(time, now);

export const storedBytesOf = (backups: readonly BackupFacts[]): number =>
  backups.reduce((sum, { info }) => sum + info.storedSize, 0);

const stateBytesOf = (info: BackupInfo): number | undefined =>
  info.stateBytes ?? (info.backupType === "full" ? info.totalSize : undefined);

/** Of the newest backup that has one. */
const lastRecovery = (backups: readonly BackupFacts[]): number | undefined =>
  backups.findLast(({ drilled }) => drilled?.ok)?.drilled?.seconds;

const TREND = 20;
const DAY_MS = 86_400_000;

/** Bytes of values a day, from the first to the last of the newest backups; undefined where no time lies between. */
export function growthOf(backups: readonly BackupInfo[]): number | undefined {
  const known = backups.slice(-TREND).flatMap((info) => {
    const bytes = stateBytesOf(info);
    return bytes === undefined ? [] : [{ bytes, time: Date.parse(info.timestamp) }];
  });
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || last.time <= first.time) return undefined;
  return ((last.bytes - first.bytes) * DAY_MS) / (last.time - first.time);
}
