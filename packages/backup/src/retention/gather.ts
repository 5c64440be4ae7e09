// What a repository tells for a plan of retention: its backups, its pins, and which backups are damaged as far as manifests,
// links, sizes and the last verifications tell; only reading all bytes would tell more. What else is known comes from the
// caller.
import { isNadbError } from "@nadb/core";
import { neededByArchives } from "../archive/needs.js";
import { checkLink } from "../chain.js";
import { readEvidence } from "../evidence.js";
import type { Finding } from "../finding.js";
import type { AnomalyLimits } from "../health/anomalies.js";
import { heldFor, unusualBackups } from "../health/gate.js";
import { readIndex } from "../index-file.js";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { checkFile } from "../run/read-run.js";
import { mapSeveral } from "../several.js";
import type { BackupTarget } from "../target.js";
import type { RetentionContext } from "./context.js";
import { Lineage } from "./lineage.js";
import { readPins } from "./pin-file.js";

export interface GatherOptions extends Omit<RetentionContext, "now" | "pinned"> {
  /** What counts as unusual (health/anomalies.ts): such backups, and what is older, are held until somebody accepts them. */
  readonly anomalyLimits?: AnomalyLimits;
  readonly signal?: AbortSignal;
}

export interface Gathered {
  readonly backups: readonly BackupInfo[];
  readonly context: RetentionContext;
  /** Backups whose manifest can not be read: nothing is decided about them, and nothing of theirs is touched. */
  readonly findings: readonly Finding[];
}

const CHECKED_AT_ONCE = 16;

export async function gatherContext(
  repository: Repository,
  { signal, anomalyLimits, ...known }: GatherOptions,
): Promise<Gathered> {
  const { backups, findings } = await repository.scan();
  const pins = await readPins(repository.target, backups);
  const pinned = new Map(pins.map(({ backupId, reason }) => [backupId, reason]));
  const damaged = new Set(known.damaged);
  const lineage = new Lineage(backups, new Set());
  await mapSeveral(backups, CHECKED_AT_ONCE, async (info) => {
    signal?.throwIfAborted();
    if (await isDamaged(repository, info, lineage)) damaged.add(info.backupId);
  });
  const needed = new Map([
    ...(await neededByUnreadable(repository, findings)),
    ...(await neededByArchives(
      repository,
      backups.filter(({ backupId }) => !damaged.has(backupId)),
    )),
    ...(known.needed ?? []),
  ]);
  const unusual = await unusualBackups(repository, backups, anomalyLimits);
  const held = new Map([...heldFor(unusual, backups), ...(known.held ?? [])]);
  const now = repository.host.clock();
  return { backups, findings, context: { ...known, now, pinned, damaged, needed, held } };
}

/** What a backup is laid over whose manifest can not be read: the index still knows, and a repair may need it. */
async function neededByUnreadable(
  { target }: Repository,
  findings: readonly Finding[],
): Promise<[string, string][]> {
  if (findings.length === 0) return [];
  const index = await readIndex(target);
  return findings.flatMap(({ backupId }): [string, string][] => {
    const parent = index?.get(backupId)?.parentBackupId ?? null;
    return parent === null ? [] : [[parent, `${backupId}, which can not be read`]];
  });
}

/** A parent that is missing is found by the plan. */
async function isDamaged(
  { target }: Repository,
  info: BackupInfo,
  lineage: Lineage,
): Promise<boolean> {
  const parent = lineage.parentOf(info);
  try {
    if (parent !== undefined) checkLink(info, parent);
    await checkFile(target, info, "quick", {});
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_NEWER_FORMAT"))
      return true;
    throw error;
  }
  return wasFoundDamaged(target, [...lineage.ancestorsOf(info)].reverse().concat(info));
}

/** By its last full verification, or its last drill. */
async function wasFoundDamaged(
  target: BackupTarget,
  chain: readonly BackupInfo[],
): Promise<boolean> {
  for (const level of ["full", "drill"] as const) {
    if ((await readEvidence(target, chain, level))?.ok === false) return true;
  }
  return false;
}
