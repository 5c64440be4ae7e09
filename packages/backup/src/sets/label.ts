// What is done to all backups of one label: those of a set, whole or not, or single ones that have it in common.
import { NadbError } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { checkNotPinned } from "../retention/pin-file.js";
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

/**
 * The backups of the label in the order in which they can be deleted: incrementals before what they are laid over. Throws
 * NADB_NOT_FOUND, and NADB_CONFLICT when one of them is pinned, or an incremental that has not the label needs one.
 */
export async function planDeleteLabel(
  repository: Repository,
  label: string,
): Promise<readonly BackupInfo[]> {
  const backups = await repository.list();
  const labelled = backups.filter((info) => info.label === label);
  if (labelled.length === 0) throw noLabel(label, backups);
  checkNotNeeded(label, labelled, backups);
  for (const { backupId } of labelled) await checkNotPinned(repository.target, backupId);
  return childrenFirst(labelled);
}

/** Answers the ids. Interrupted, it leaves a set that is not whole; deleting goes on with the next call. */
export async function deleteLabel(
  repository: Repository,
  label: string,
): Promise<readonly string[]> {
  const plan = await planDeleteLabel(repository, label);
  for (const { backupId } of plan) await repository.delete(backupId);
  return plan.map(({ backupId }) => backupId);
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
  for (const parent of walked) {
    walked.push(...labelled.filter(({ parentBackupId }) => parentBackupId === parent.backupId));
  }
  return walked.reverse();
}
