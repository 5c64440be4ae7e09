// Verification: the restore's own reading, into nothing. It reports what is wrong and changes nothing.
import { isNadbError } from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import { provenState } from "./run.js";
import type { BackupTarget } from "./target.js";

export interface Finding {
  readonly severity: "damage";
  /** unreadable: the backup can not be restored as it is. newer: it needs a newer NADB. */
  readonly what: "unreadable" | "newer";
  readonly backupId: string;
  readonly detail: string;
}

export interface Verification {
  readonly backupId: string;
  /** No finding: a restore of this backup gives back exactly the state of its cut. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** As the manifest has them; 0 and "" when the manifest can not be read. */
  readonly recordCount: number;
  readonly totalSize: number;
  readonly stateDigest: string;
}

/** The verification of a backup whose manifest can not be read: nothing else of it can be judged. */
export const unreadableManifest = (finding: Finding): Verification => ({
  backupId: finding.backupId,
  ok: false,
  findings: [finding],
  recordCount: 0,
  totalSize: 0,
  stateDigest: "",
});

export async function verifyRun(
  target: BackupTarget,
  info: BackupInfo,
  work: LongWork,
): Promise<Verification> {
  const findings: Finding[] = [];
  try {
    for await (const _ of provenState(target, info, "check", work));
  } catch (error) {
    findings.push(asFinding(info.backupId, error));
  }
  const { backupId, recordCount, totalSize, stateDigest } = info;
  return { backupId, ok: findings.length === 0, findings, recordCount, totalSize, stateDigest };
}

/** What is no fault of the backup (an abort, a disk that can not be read) is thrown on. */
export function asFinding(backupId: string, error: unknown): Finding {
  if (isNadbError(error, "NADB_CORRUPTION")) {
    return { severity: "damage", what: "unreadable", backupId, detail: error.message };
  }
  if (isNadbError(error, "NADB_NEWER_FORMAT")) {
    return { severity: "damage", what: "newer", backupId, detail: error.message };
  }
  throw error;
}
