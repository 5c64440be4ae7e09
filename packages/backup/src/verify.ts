// Verification: the restore's own reading, into nothing. It reports what is wrong and changes nothing of a backup; what a
// full one has found may be kept beside it as evidence.
import { invalidArgument, quote } from "@nadb/core";
import { type EvidencePlace, recordEvidence } from "./evidence.js";
import { asFinding, asManifestFinding, type Finding } from "./finding.js";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import type { Reading } from "./reading.js";
import { checkFile } from "./run/read-run.js";
import { provenState } from "./run/state.js";
import type { BackupTarget } from "./target.js";
import { isUnreachable } from "./unreachable.js";

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
  /** Kept as evidence in the backup's folder. */
  readonly recorded: boolean;
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
  recorded: false,
});

/** quick: manifests and sizes. checksum: every byte. full: every record, the chain merged, the digest compared. */
export type VerifyLevel = "quick" | "checksum" | "full";
export const VERIFY_LEVELS: readonly VerifyLevel[] = ["quick", "checksum", "full"];

export interface VerifyOptions extends LongWork {
  /** Default "full"; only that proves that a restore gives back the state of the cut. */
  readonly level?: VerifyLevel;
  /**
   * Keep what a full verification has found beside the backup, for its health to be judged by. Default true with a
   * BackupManager, false with a Repository. A repository that can not be written to is verified all the same.
   */
  readonly record?: boolean;
}

/** A repository. */
export interface VerifySource extends EvidencePlace {
  reading(backupId: string): Promise<Reading>;
}

export async function verifyChain(
  repository: VerifySource,
  info: BackupInfo,
  options: VerifyOptions,
): Promise<Verification> {
  const { level = "full", record = false } = options;
  if (!VERIFY_LEVELS.includes(level)) {
    throw invalidArgument(`level ${quote(level)} is none of ${VERIFY_LEVELS.join(", ")}`);
  }
  const { clock } = repository.host;
  const startedAt = clock();
  const findings: Finding[] = [];
  let recorded = false;
  const { backupId, recordCount, totalSize, stateDigest } = info;
  const opened = await chainOf(repository, backupId);
  if ("severity" in opened) findings.push(opened);
  else {
    await using reading = opened;
    findings.push(...(await findingsIn(reading, level, options)));
    const seconds = Math.max(0, clock() - startedAt) / 1000;
    if (record && level === "full") recorded = await keep(repository, reading, findings, seconds);
  }
  const ok = findings.length === 0;
  return { backupId, level, ok, findings, recordCount, totalSize, stateDigest, recorded };
}

/** Held while it is read, or why it can not be. */
async function chainOf(repository: VerifySource, backupId: string): Promise<Reading | Finding> {
  try {
    return await repository.reading(backupId);
  } catch (error) {
    return manifestFinding(repository.target, backupId, error);
  }
}

/** Of one manifest; throws where the target as a whole does not answer. */
export async function manifestFinding(
  target: BackupTarget,
  backupId: string,
  error: unknown,
): Promise<Finding> {
  const finding = asManifestFinding(backupId, error);
  if (isUnreachable(finding)) await target.list("");
  return finding;
}

async function findingsIn(
  reading: Reading,
  level: VerifyLevel,
  options: LongWork,
): Promise<Finding[]> {
  const { target, chain, tip, renew } = reading;
  const work = { renew, ...(options.signal && { signal: options.signal }) };
  try {
    if (level === "full") for await (const _ of provenState(reading, "check", options));
    else for (const one of chain) await checkFile(target, one, level, work);
    return [];
  } catch (error) {
    return [asFinding(tip.backupId, error)];
  }
}

const keep = (
  repository: EvidencePlace,
  { chain, tip }: Reading,
  findings: readonly Finding[],
  seconds: number,
): Promise<boolean> =>
  recordEvidence(repository, chain, {
    level: "full",
    ok: findings.length === 0,
    findings: findings.map(({ detail }) => detail),
    stateDigest: tip.stateDigest,
    records: tip.stateCount ?? tip.recordCount,
    bytes: tip.stateBytes ?? tip.totalSize,
    seconds,
  });
