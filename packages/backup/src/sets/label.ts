// What is done to all backups of one label: those of a set, whole or not, or single ones that have it in common.
import { NadbError, quote } from "@nadb/core";
import { checkPointsStay } from "../archive/losses.js";
import type { Finding } from "../finding.js";
import { readIndex } from "../index-file.js";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { checkGoodStay } from "../retention/delete.js";
import { groupBy } from "../retention/lineage.js";
import { checkNotPinned } from "../retention/pin-file.js";
import { removeRelyingOn } from "../retention/remove.js";
import type { Verification, VerifyOptions } from "../verify.js";
import { membersOf, noLabel, whatIsMissing } from "./set.js";

export interface LabelVerification {
  readonly label: string;
  /** All backups are sound and, where they were taken together, all are there. */
  readonly ok: boolean;
  /** What is missing of the set; null for a whole one, and for single backups. */
  readonly incomplete: string | null;
  readonly verifications: readonly Verification[];
}

/** Reads all backups of the label as restores would; changes nothing. Throws NADB_NOT_FOUND. */
export async function verifyLabel(
  repository: Repository,
  label: string,
  options: VerifyOptions = {},
): Promise<LabelVerification> {
  const scan = await repository.scan();
  const labelled = scan.backups.filter((info) => info.label === label);
  if (labelled.length === 0) throw noLabel(label, scan.backups);
  const missing = whatIsMissing(label, membersOf(label, labelled), scan);
  const incomplete = missing?.code === "NADB_CORRUPTION" ? missing.message : null;
  const verifications: Verification[] = [];
  for (const { backupId } of labelled) {
    verifications.push(await repository.verify(backupId, options));
  }
  const ok = incomplete === null && verifications.every((one) => one.ok);
  return { label, ok, incomplete, verifications };
}

export interface DeleteLabelOptions {
  /** Refuse when a namespace would lose its last good backup, as `nadb backup delete` does. Default false. */
  readonly keepLastGood?: boolean;
  /** Delete them even if points of an archive need them; pins hold. Default false. */
  readonly force?: boolean;
}

/**
 * The backups of the label in the order in which they can be deleted: incrementals before what they are laid over. Throws
 * NADB_NOT_FOUND, and NADB_CONFLICT when one of them is pinned or can not be read, or an incremental that has not the label, or
 * points of an archive need one.
 */
export async function planDeleteLabel(
  repository: Repository,
  label: string,
  options: DeleteLabelOptions = {},
): Promise<readonly BackupInfo[]> {
  return (await prepare(repository, label, options)).plan;
}

interface Prepared {
  readonly plan: readonly BackupInfo[];
  /** What must stay for them to go. */
  readonly relyingOn: readonly string[];
}

async function prepare(
  repository: Repository,
  label: string,
  { keepLastGood = false, force = false }: DeleteLabelOptions,
): Promise<Prepared> {
  const { backups, findings } = await repository.scan();
  const labelled = backups.filter((info) => info.label === label);
  await checkReadable(repository, label, findings);
  if (labelled.length === 0) throw noLabel(label, backups);
  checkNotNeeded(label, labelled, backups);
  const ids = labelled.map(({ backupId }) => backupId);
  for (const backupId of ids) await checkNotPinned(repository.target, backupId);
  const good = keepLastGood ? await checkGoodStay(repository, ids) : [];
  const points = force ? [] : await checkPointsStay(repository, ids);
  return { plan: childrenFirst(labelled), relyingOn: [...good, ...points] };
}

/** Answers the ids. Interrupted, it leaves a set that is not whole; deleting goes on with the next call. */
export async function deleteLabel(
  repository: Repository,
  label: string,
  options: DeleteLabelOptions = {},
): Promise<readonly string[]> {
  const { plan, relyingOn } = await prepare(repository, label, options);
  const ids = plan.map(({ backupId }) => backupId);
  const refused = await removeRelyingOn(repository, ids, relyingOn);
  for (const why of refused.values()) throw why;
  return ids;
}

/** The index still knows the label of a backup whose manifest can not be read; where it does not, the id may tell. */
async function checkReadable(
  { target }: Repository,
  label: string,
  findings: readonly Finding[],
): Promise<void> {
  if (findings.length === 0) return;
  const index = await readIndex(target);
  const ids = findings
    .map(({ backupId }) => backupId)
    .filter((id) => (index?.has(id) ? index.get(id)?.label === label : id.startsWith(`${label}.`)));
  if (ids.length === 0) return;
  throw new NadbError(
    "NADB_CONFLICT",
    `${ids.join(", ")} of the label ${quote(label)} can not be read`,
    { hint: "repair the repository, or delete these by their ids first" },
  );
}

function checkNotNeeded(
  label: string,
  labelled: readonly BackupInfo[],
  backups: readonly BackupInfo[],
): void {
  const ids = new Set(labelled.map(({ backupId }) => backupId));
  const needing = backups.filter(
    (info) => info.label !== label && info.parentBackupId !== null && ids.has(info.parentBackupId),
  );
  if (needing.length === 0) return;
  const named = needing.slice(0, 10).map(({ backupId }) => backupId);
  throw new NadbError(
    "NADB_CONFLICT",
    `${named.join(", ")}${needing.length > 10 ? ", …" : ""} can not be restored without backups of the label`,
    { hint: "delete those first" },
  );
}

/** A parent stands before its children in the walk from the roots, so backwards it stands behind them. */
function childrenFirst(labelled: readonly BackupInfo[]): readonly BackupInfo[] {
  const ids = new Set(labelled.map(({ backupId }) => backupId));
  const walked = labelled.filter(
    ({ parentBackupId }) => parentBackupId === null || !ids.has(parentBackupId),
  );
  const children = groupBy(labelled, ({ parentBackupId }) => parentBackupId ?? "");
  for (const { backupId } of walked) walked.push(...(children.get(backupId) ?? []));
  return walked.reverse();
}
