// What each job does, once: the same calls that a person would make. It answers what it came to, and tells what is worth
// knowing (notes), what somebody should look at (flags) and what is damaged.
import { corruption, isNadbError, NadbError } from "@nadb/core";
import { backupsOf, hasArchives } from "../archive/segments.js";
import type { ArchiveVerification } from "../archive/verify-archive.js";
import { drillBackup } from "../drill/drill.js";
import { inWords } from "../health/gate.js";
import type { BackupManager } from "../manager.js";
import type { BackupInfo } from "../manifest.js";
import type { Pruning } from "../retention/prune.js";
import type { Verification, VerifyLevel } from "../verify.js";
import {
  type DrillJob,
  type FullJob,
  type IncrementalJob,
  type OpenedManager,
  optionsOf,
  type PruneJob,
  type ScheduleOptions,
  type VerifyJob,
} from "./options.js";
import type { JobName, JobResult } from "./run.js";

export interface Work {
  readonly result: JobResult;
  readonly notes?: readonly string[];
  readonly flags?: readonly string[];
  readonly damage?: NadbError;
}

type Gate = Pick<ScheduleOptions, "anomalyLimits">;
type Opened = Pick<OpenedManager, "manager" | "backend">;
type DoJob = (opened: Opened, options: never, signal: AbortSignal) => Promise<Work>;

export function doJob(
  name: JobName,
  opened: Opened,
  options: ScheduleOptions,
  signal: AbortSignal,
): Promise<Work> {
  const { anomalyLimits } = options;
  const given = { ...optionsOf(options, name), ...(anomalyLimits && { anomalyLimits }) };
  return DO[name](opened, given as never, signal);
}

/** Oldest first. */
export async function ownBackups({ repository, storage }: BackupManager): Promise<BackupInfo[]> {
  return [...backupsOf((await repository.scan()).backups, storage.id)];
}

async function full(
  { manager }: Opened,
  { verify = false, anomalyLimits, ...how }: FullJob & Gate,
  signal: AbortSignal,
): Promise<Work> {
  const backup = await manager.createBackup({ ...how, signal });
  const work = { result: { backup, created: true } };
  return taken(manager, work, { verify, signal, ...(anomalyLimits && { anomalyLimits }) });
}

async function incremental(
  { manager }: Opened,
  { verify = false, anomalyLimits, ...how }: IncrementalJob & Gate,
  signal: AbortSignal,
): Promise<Work> {
  const parent = (await ownBackups(manager)).at(-1);
  const work = await onParent(manager, parent, { skipUnchanged: true, ...how, signal });
  if (!work.result.created) return work;
  return taken(manager, work, { verify, signal, ...(anomalyLimits && { anomalyLimits }) });
}

async function onParent(
  manager: BackupManager,
  parent: BackupInfo | undefined,
  how: Parameters<BackupManager["createIncrementalBackup"]>[1] & object,
): Promise<Work> {
  if (parent === undefined) return instead(manager, how, "there is no backup to go on from");
  const { backupId } = parent;
  try {
    const backup = await manager.createIncrementalBackup(backupId, how);
    return { result: { backup, created: backup.backupId !== backupId } };
  } catch (error) {
    if (isNadbError(error, "NADB_CHECKPOINT_EXPIRED"))
      return instead(manager, how, `the store can not tell what has changed since ${backupId}`);
    if (!isNadbError(error, "NADB_CORRUPTION") && !isNadbError(error, "NADB_NOT_FOUND"))
      throw error;
    const work = await instead(manager, how, `${backupId} can not be gone on from`);
    return { ...work, flags: [error.message] };
  }
}

/** A full backup where there is nothing to go on from. */
async function instead(
  manager: BackupManager,
  { skipUnchanged: _, ...how }: Parameters<BackupManager["createIncrementalBackup"]>[1] & object,
  why: string,
): Promise<Work> {
  const backup = await manager.createBackup(how);
  return { result: { backup, created: true }, notes: [`${why}: this is a full backup`] };
}

interface Afterwards extends Gate {
  readonly verify: boolean;
  readonly signal: AbortSignal;
}

/** A backup that is unusual is kept, and flagged. */
async function taken(
  manager: BackupManager,
  work: Work,
  { verify, signal, anomalyLimits }: Afterwards,
): Promise<Work> {
  const { backupId } = work.result.backup as BackupInfo;
  const odd = await unusualFlags(manager, backupId, anomalyLimits);
  const flags = [...(work.flags ?? []), ...odd];
  if (!verify) return { ...work, flags };
  const verifications = [await manager.verifyBackup(backupId, { signal })];
  return { ...work, flags, ...damaged(verifications), result: { ...work.result, verifications } };
}

export async function unusualFlags(
  manager: BackupManager,
  backupId: string,
  limits?: ScheduleOptions["anomalyLimits"],
): Promise<string[]> {
  const unusual = await manager.unusualBackups(limits);
  const own = unusual.filter(({ info }) => info.backupId === backupId);
  return own.map(({ anomalies }) => `${backupId} is unusual: ${inWords(anomalies)}`);
}

async function verify(
  { manager }: Opened,
  { level = "full", which = "newest" }: VerifyJob,
  signal: AbortSignal,
): Promise<Work> {
  const { backups, findings } = await manager.repository.scan();
  const own = [...backupsOf(backups, manager.storage.id)];
  const chosen = which === "all" ? own : own.slice(-1);
  if (chosen.length === 0) throw nothingThere(manager, "verify");
  const verifications: Verification[] = [];
  for (const { backupId } of chosen)
    verifications.push(await manager.verifyBackup(backupId, { level, signal }));
  const flags = findings.map(({ backupId, detail }) => `${backupId} can not be read: ${detail}`);
  const archive = await verifiedArchive(manager, level, signal);
  return {
    result: { verifications, ...(archive && { archive }) },
    flags,
    ...damaged([...verifications, ...(archive ? [{ ...archive, backupId: "the archive" }] : [])]),
  };
}

/** Undefined where the namespace has none. */
async function verifiedArchive(
  manager: BackupManager,
  level: VerifyLevel,
  signal: AbortSignal,
): Promise<ArchiveVerification | undefined> {
  if (!(await hasArchives(manager.repository.target))) return undefined;
  const found = await manager.verifyArchive({ level, signal });
  return found.segments > 0 || !found.ok ? found : undefined;
}

async function drill(
  { manager, backend: opened }: Opened,
  { backend = opened, db }: DrillJob,
  signal: AbortSignal,
): Promise<Work> {
  const { repository } = manager;
  if (backend === undefined)
    throw new NadbError("NADB_UNSUPPORTED", "there is no backend to hold a drill in");
  const newest = (await ownBackups(manager)).at(-1);
  if (newest === undefined) throw nothingThere(manager, "drill");
  const held = await drillBackup(repository, newest.backupId, {
    backend,
    signal,
    ...(db !== undefined && { db }),
  });
  return { result: { drill: held }, ...damaged([held]) };
}

async function prune(
  { manager }: Opened,
  { policy, ...how }: PruneJob & Gate,
  signal: AbortSignal,
): Promise<Work> {
  const pruning = await manager.pruneBackups(policy, { ...how, signal });
  return { result: { pruning }, flags: flagsOf(pruning) };
}

function flagsOf({ plan, left }: Pruning): string[] {
  const held = plan.decisions.filter(({ isHeld }) => isHeld);
  return [
    ...held.map(({ backup, reasons }) => `${backup.backupId} is held: ${reasons.join(", ")}`),
    ...left.map(({ step, why }) => `${step.type} ${step.backupId} was left: ${why}`),
  ];
}

function damaged(
  found: readonly Pick<Verification, "backupId" | "ok" | "findings">[],
): Pick<Work, "damage"> {
  const bad = found.filter(({ ok }) => !ok);
  if (bad.length === 0) return {};
  const details = bad.map(({ backupId, findings }) => `${backupId}: ${findings[0]?.detail}`);
  return { damage: corruption(details.join("; "), "take a full backup, then repair") };
}

function nothingThere({ storage }: BackupManager, verb: string): NadbError {
  const { db, namespace } = storage.id;
  const what = `there is no backup of ${db}/${namespace} to ${verb}`;
  return new NadbError("NADB_NOT_FOUND", what, { hint: "take a full backup first" });
}

const DO: Record<JobName, DoJob> = { full, incremental, prune, verify, drill };
