// Verification: the restore's own reading, into nothing. It reports what is wrong and changes nothing.
import { invalidArgument, isNadbError, quote } from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import { checkFile } from "./run/read-run.js";
import { provenState } from "./run/state.js";
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
  readonly level: VerifyLevel;
  /** No finding; at level "full": a restore of this backup gives back exactly the state of its cut. */
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
  level: "quick",
  ok: false,
  findings: [finding],
  recordCount: 0,
  totalSize: 0,
  stateDigest: "",
});

/** quick: manifests and sizes. checksum: every byte. full: every record, the chain merged, the digest compared. */
export type VerifyLevel = "quick" | "checksum" | "full";
export const VERIFY_LEVELS: readonly VerifyLevel[] = ["quick", "checksum", "full"];

export interface VerifyOptions extends LongWork {
  /** Default "full"; only that proves that a restore gives back the state of the cut. */
  readonly level?: VerifyLevel;
}

/** @param chainOf answers what the backup restores from. */
export async function verifyChain(
  target: BackupTarget,
  info: BackupInfo,
  chainOf: (info: BackupInfo) => Promise<readonly BackupInfo[]>,
  options: VerifyOptions,
): Promise<Verification> {
  const { level = "full" } = options;
  if (!VERIFY_LEVELS.includes(level)) {
    throw invalidArgument(`level ${quote(level)} is none of ${VERIFY_LEVELS.join(", ")}`);
  }
  const findings: Finding[] = [];
  try {
    const chain = await chainOf(info);
    if (level === "full") for await (const _ of provenState(target, chain, "check", options));
    else for (const one of chain) await checkFile(target, one, level, options);
  } catch (error) {
    findings.push(asFinding(info.backupId, error));
  }
  const { backupId, recordCount, totalSize, stateDigest } = info;
  const ok = findings.length === 0;
  return { backupId, level, ok, findings, recordCount, totalSize, stateDigest };
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
