// Deleting one backup by hand. One that others are laid over is refused, or they are merged with it first; one that points of
// the archive are restored from is refused unless it is forced, and the last good one of its namespace when that is asked for.
// INVARIANT: wherever this dies, what is laid over the backup can be restored.
import { NadbError, quote } from "@nadb/core";
import { checkPointsStay } from "../archive/losses.js";
import { hasArchives } from "../archive/segments.js";
import { checkNoDependents } from "../chain.js";
import { consolidate } from "../consolidate.js";
import { inWords, type UnusualBackup, unusualBackups } from "../health/gate.js";
import { type BackupInfo, isCut } from "../manifest.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { groupBy } from "./lineage.js";
import { checkNotPinned } from "./pin-file.js";
import { removeRelyingOn } from "./remove.js";
import { Soundness } from "./soundness.js";

export interface DeleteBackupOptions extends LongWork {
  /** Merge the backup into those that are laid over it, which stay. Default false: refused while there are any. */
  readonly consolidate?: boolean;
  /** Delete it even if it is pinned, or points of the archive need it. Default false. */
  readonly force?: boolean;
  /**
   * Refuse the last good backup of its namespace, as `nadb backup delete` does; one that is unusual and that nobody has
   * accepted does not count as another. Default false.
   */
  readonly keepLastGood?: boolean;
}

export interface DeletedBackup {
  /** The incrementals that it was merged into: each stands without it now. */
  readonly mergedInto: readonly string[];
}

/**
 * Throws NADB_NOT_FOUND for an unknown id, NADB_CONFLICT while it is pinned, incrementals or points of the archive hang on it or,
 * with `keepLastGood`, it is the last good one, NADB_LOCKED while somebody works on it, with `consolidate` NADB_CORRUPTION where
 * it can not be merged.
 */
export async function deleteBackup(
  repository: Repository,
  backupId: string,
  options: DeleteBackupOptions = {},
): Promise<DeletedBackup> {
  const { consolidate: merge = false, force = false, keepLastGood = false, ...work } = options;
  await repository.checkWritable();
  if (!force) await checkNotPinned(repository.target, backupId);
  const points = force ? [] : await pointsRelyingOn(repository, backupId, merge);
  const mergedInto = merge ? await mergeIntoChildren(repository, backupId, work) : [];
  const good = keepLastGood ? await checkGoodStay(repository, [backupId]) : [];
  const refused = await removeRelyingOn(repository, [backupId], [...points, ...good], { force });
  for (const why of refused.values()) throw why;
  return { mergedInto };
}

/** As `checkPointsStay`; what is laid over the backup is told first. */
async function pointsRelyingOn(
  repository: Repository,
  backupId: string,
  consolidate: boolean,
): Promise<readonly string[]> {
  if (!(await hasArchives(repository.target))) return [];
  if (!consolidate) checkNoDependents(backupId, await repository.list(), new Set());
  return checkPointsStay(repository, [backupId], { consolidate });
}

/** The backup to rely on; undefined when this one is not good, so that nothing is lost with it. Throws NADB_CONFLICT. */
export async function checkNotLastGood(
  repository: Repository,
  backupId: string,
): Promise<string | undefined> {
  await repository.checkWritable();
  const [relyingOn] = await checkGoodStay(repository, [backupId]);
  return relyingOn;
}

/**
 * Answers, for each namespace of which good backups are to go, the newest good one that stays. Throws NADB_CONFLICT when
 * there is none but such as are unusual: what emptied a namespace must not push out what it held.
 */
export async function checkGoodStay(
  repository: Repository,
  backupIds: readonly string[],
): Promise<readonly string[]> {
  const going = new Set(backupIds);
  const backups = (await repository.list()).filter(isCut);
  const unusual = await unusualBackups(repository, backups);
  const soundness = new Soundness(repository.target, backups);
  const stay: string[] = [];
  for (const [name, group] of groupBy(backups.toReversed(), sourceNameOf)) {
    const gone = group.filter(({ backupId }) => going.has(backupId));
    const last = await firstGood(soundness, gone);
    if (last === undefined) continue;
    const staying = group.filter((info) => !going.has(info.backupId));
    const odd = unusual.filter(({ info }) => staying.includes(info));
    const other = await firstGood(soundness, without(staying, odd));
    if (other === undefined) throw lastGood(last, name, odd);
    stay.push(other.backupId);
  }
  return stay;
}

function without(
  backups: readonly BackupInfo[],
  unusual: readonly UnusualBackup[],
): readonly BackupInfo[] {
  const ids = new Set(unusual.map(({ info }) => info.backupId));
  return backups.filter(({ backupId }) => !ids.has(backupId));
}

async function firstGood(
  soundness: Soundness,
  backups: readonly BackupInfo[],
): Promise<BackupInfo | undefined> {
  for (const info of backups) if (await soundness.isGood(info)) return info;
  return undefined;
}

const sourceNameOf = ({ sourceDb, sourceNamespace }: BackupInfo): string =>
  `${sourceDb}/${sourceNamespace}`;

function lastGood(
  { backupId }: BackupInfo,
  name: string,
  unusual: readonly UnusualBackup[],
): NadbError {
  const message = `${quote(backupId)} is the last good backup of ${name}`;
  const other = unusual.at(-1);
  if (other === undefined) {
    const hint = "take another one first, or force it if it really may go";
    return new NadbError("NADB_CONFLICT", message, { hint });
  }
  const { info, anomalies } = other;
  const but = `${quote(info.backupId)}, which stays, is unusual: ${inWords(anomalies)}`;
  return new NadbError("NADB_CONFLICT", `${message}: ${but}`, {
    hint: `accept ${info.backupId} if it is as it should be, or force it if it really may go`,
  });
}

/** Answers these. */
async function mergeIntoChildren(
  repository: Repository,
  backupId: string,
  work: LongWork,
): Promise<readonly string[]> {
  const backups = await repository.list();
  const children = backups
    .filter((info) => info.parentBackupId === backupId)
    .map((info) => info.backupId);
  if (children.length === 0) return [];
  const { parentBackupId: onto } = await repository.get(backupId);
  for (const child of children)
    await consolidate({ repository, ...repository.host }, child, { onto, ...work });
  return children;
}
