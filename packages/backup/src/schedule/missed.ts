// What was missed while no schedule ran, told from the repository: a job is missed when what it leaves behind (a backup,
// evidence, a trace) is older than its last due time. However often it was due meanwhile, it is one run.
import { isNadbError } from "@nadb/core";
import type { EvidenceLevel } from "../evidence.js";
import type { BackupManager } from "../manager.js";
import type { BackupInfo } from "../manifest.js";
import { ownBackups } from "./jobs.js";
import { optionsOf, type PlannedJob, type ScheduleOptions, type VerifyJob } from "./options.js";
import { evidenceOf } from "./proof.js";
import type { JobName } from "./run.js";
import { readTrace } from "./trace.js";

export interface Missed {
  readonly job: PlannedJob;
  readonly dueAt: number;
}

/** In the order of the jobs. */
export async function missedJobs(
  manager: BackupManager,
  jobs: readonly PlannedJob[],
  options: ScheduleOptions,
  now: number,
): Promise<readonly Missed[]> {
  const backups = await ownBackups(manager);
  const missed: Missed[] = [];
  for (const job of jobs) {
    const dueAt = job.times.previous(now);
    if (dueAt === undefined || isCovered(job.name, missed, backups)) continue;
    if (!(await wasDone(manager, job.name, backups, options, dueAt))) missed.push({ job, dueAt });
  }
  return missed;
}

/** A full backup is as good as an incremental, and where there is none nothing can be verified. */
function isCovered(
  name: JobName,
  missed: readonly Missed[],
  backups: readonly BackupInfo[],
): boolean {
  if (name === "incremental") return missed.some(({ job }) => job.name === "full");
  return name !== "full" && backups.length === 0;
}

async function wasDone(
  { repository, storage }: BackupManager,
  name: JobName,
  backups: readonly BackupInfo[],
  options: ScheduleOptions,
  dueAt: number,
): Promise<boolean> {
  if (name === "full") return backups.some((info) => isFull(info) && takenAt(info) >= dueAt);
  if (name === "incremental") return backups.some((info) => takenAt(info) >= dueAt);
  const level = evidenceLevel(name, options);
  if (level === undefined) return ((await readTrace(repository, storage.id, name)) ?? 0) >= dueAt;
  for (const info of [...backups].reverse()) {
    try {
      const evidence = await evidenceOf(repository, info, level);
      if (evidence !== undefined && Date.parse(evidence.at) >= dueAt) return true;
    } catch (error) {
      if (!isNadbError(error, "NADB_CORRUPTION")) throw error; // a broken chain has no evidence
    }
  }
  return false;
}

/** What a job records of a backup; undefined for one that leaves a trace instead. */
export function evidenceLevel(name: JobName, options: ScheduleOptions): EvidenceLevel | undefined {
  if (name === "drill") return "drill";
  if (name !== "verify") return undefined;
  const { level = "full" } = optionsOf(options, name) as VerifyJob;
  return level === "full" ? "full" : undefined;
}

const isFull = ({ backupType }: BackupInfo): boolean => backupType === "full";
const takenAt = ({ timestamp }: BackupInfo): number => Date.parse(timestamp);
