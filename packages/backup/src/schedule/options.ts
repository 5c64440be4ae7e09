// What a schedule may say. INVARIANT: what can not be honoured is refused before anything runs: a cron expression that is
// none or never due, an unknown time zone, a prune without a policy, a delay that reaches the next due time.
import { invalidArgument, quote } from "@nadb/core";
import type { CreateBackupOptions, CreateIncrementalOptions } from "../create.js";
import type { DrillBackend } from "../drill/scratch.js";
import type { AnomalyLimits } from "../health/anomalies.js";
import { type HealthLimits, limitsInForce } from "../health/limits.js";
import type { BackupManager, PruneManagedOptions } from "../manager.js";
import { checkPolicy, type RetentionPolicy } from "../retention/policy.js";
import type { Timer } from "../timer.js";
import { VERIFY_LEVELS, type VerifyLevel } from "../verify.js";
import { type ArchiveJob, checkArchiveJob } from "./archive-job.js";
import { CronTimes } from "./cron.js";
import { JOB_NAMES, type JobName, type JobRun, type RunName, type Trigger } from "./run.js";

/** A cron expression, or one with options of the job. */
export type Scheduled<Options> = string | ({ readonly cron: string } & Options);

type Chosen = "backupId" | "signal" | "onProgress";

interface AndVerify {
  /** Verify it in full as soon as it is taken, and record that. Default false. */
  readonly verify?: boolean;
}

export interface FullJob extends Omit<CreateBackupOptions, Chosen>, AndVerify {}

export interface IncrementalJob
  extends Omit<CreateIncrementalOptions, Chosen | "fallbackToFull" | "onFallback">,
    AndVerify {
  /** When nothing has changed, make no backup. Default true. */
  readonly skipUnchanged?: boolean;
}

export interface VerifyJob {
  /** Default "full"; only that is recorded and proves anything. The archive is verified at the same level. */
  readonly level?: VerifyLevel;
  /** Of the backups of the namespace. Default "newest". */
  readonly which?: "newest" | "all";
}

export interface DrillJob {
  /** An open backend, in which a scratch namespace is made and removed again. Default: what the manager was opened with. */
  readonly backend?: DrillBackend;
  /** The database it is made in. Default: the one of the backup. */
  readonly db?: string;
}

export interface PruneJob extends Pick<PruneManagedOptions, "consolidate"> {
  readonly policy: RetentionPolicy;
}

export interface ScheduledJobs {
  readonly full?: Scheduled<FullJob>;
  /** Goes on from the newest backup of the namespace; a full backup where that is not possible. */
  readonly incremental?: Scheduled<IncrementalJob>;
  readonly verify?: Scheduled<VerifyJob>;
  readonly drill?: Scheduled<DrillJob>;
  readonly prune?: { readonly cron: string } & PruneJob;
  /** Goes on beside the others for as long as the schedule does. */
  readonly archive?: ArchiveJob;
}

/** One that throws stops nothing but, for `before`, the run that it belongs to; it is told with the run. */
export interface ScheduleHooks {
  readonly before?: (run: StartingRun) => unknown;
  /**
   * After each run that was begun and not interrupted, and when the archive has something to tell; and when runs of a job
   * are skipped for the second time in a row, the fourth, the eighth, because one of them does not end.
   */
  readonly after?: (run: JobRun) => unknown;
  /** After `after`, when the run failed, was flagged, or is one of several that were skipped. */
  readonly onFailure?: (run: JobRun) => unknown;
  /**
   * All is well: the run is done, neither another job's last run nor the archive has failed, no job goes on though its next run is due, health finds nothing critical, the
   * archive was verified not too long ago, and the newest backup was proven to be restorable after it was taken, by a full verification or a drill of it.
   */
  readonly heartbeat?: (run: JobRun) => unknown;
}

export interface StartingRun<Name extends RunName = JobName>
  extends Pick<JobRun, "trigger" | "dueAt" | "startedAt"> {
  readonly job: Name;
}

export interface ScheduleOptions extends ScheduledJobs {
  /** Where days and hours begin: a name of the IANA database. Default "UTC". */
  readonly timeZone?: string;
  /** Each run starts up to so long after it is due, by chance. Default 0. */
  readonly jitterSeconds?: number;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: () => number;
  readonly timer?: Timer;
  readonly signal?: AbortSignal;
  /** Run at the start what was missed while no schedule ran. Default true. */
  readonly catchUp?: boolean;
  readonly hooks?: ScheduleHooks;
  /** What counts as unusual about a new backup: then it is kept, and its run flagged. */
  readonly anomalyLimits?: AnomalyLimits;
  /**
   * By what the health of the namespace's backups is judged after each run: where it is critical the run is flagged. Default
   * as of `backupHealth`, but for their age, which is not judged.
   */
  readonly health?: HealthLimits;
  readonly onStart?: (run: StartingRun) => void;
  /** Once for each run, also one that was skipped, after its hooks. */
  readonly onRun?: (run: JobRun) => void;
}

/** A manager that is opened for each run, so that a run begins with what is there by then, and closed after it. */
export interface OpenedManager extends AsyncDisposable {
  readonly manager: BackupManager;
  /** Where drills are held, unless the job names another. */
  readonly backend?: DrillBackend;
  /**
   * Throws when store or repository are not there any more, or others are in their place. The archive holds both open, and
   * asks before each look.
   */
  readonly check?: () => Promise<void>;
}
export type ManagerSource = BackupManager | (() => Promise<OpenedManager>);

export interface PlannedJob {
  readonly name: JobName;
  readonly times: CronTimes;
}

export interface DueRun<Name extends RunName = JobName> {
  readonly job: Name;
  readonly trigger: Trigger;
  readonly dueAt: number | null;
}

const OF_JOBS: Record<JobName, readonly string[]> = {
  full: ["compression", "format", "label", "verify"],
  incremental: ["compression", "format", "label", "skipUnchanged", "verify"],
  verify: ["level", "which"],
  drill: ["backend", "db"],
  prune: ["policy", "consolidate"],
};
const DELAYS_CHECKED = 100;

/** The jobs there are, in the order of JOB_NAMES. Throws NADB_INVALID_ARGUMENT. */
export function planJobs(options: ScheduleOptions, now: number): readonly PlannedJob[] {
  const { timeZone = "UTC", jitterSeconds = 0, archive, health = {} } = options;
  limitsInForce(health); // one that is none is refused
  const names = JOB_NAMES.filter((name) => options[name] !== undefined);
  if (names.length === 0 && archive === undefined) {
    throw invalidArgument(
      "the schedule has no job",
      `its jobs are ${JOB_NAMES.join(", ")}, archive`,
    );
  }
  if (archive !== undefined) checkArchiveJob(archive);
  checkJitter(jitterSeconds);
  for (const name of names) checkJob(name, options);
  return names.map((name) => {
    const times = new CronTimes(name, cronOf(options, name), timeZone, now);
    checkDelay(times, jitterSeconds, now);
    return { name, times };
  });
}

/** The options of a job without its cron expression. */
export function optionsOf(options: ScheduleOptions, name: JobName): object {
  const job = options[name];
  if (typeof job !== "object" || job === null) return {};
  const { cron: _, ...rest } = job;
  return rest;
}

function cronOf(options: ScheduleOptions, name: JobName): string {
  const job = options[name];
  return typeof job === "object" ? job?.cron : (job as string);
}

function checkJob(name: JobName, options: ScheduleOptions): void {
  const given = optionsOf(options, name) as Record<string, unknown>;
  for (const option of Object.keys(given)) {
    if (OF_JOBS[name].includes(option)) continue;
    throw invalidArgument(`${name}: there is no option ${quote(option)}`);
  }
  if (name === "prune") checkPrune(given as Partial<PruneJob>);
  if (name === "verify") checkVerify(given as VerifyJob);
}

function checkPrune({ policy }: Partial<PruneJob>): void {
  if (policy === undefined)
    throw invalidArgument("prune: there is no retention policy", "say what to keep");
  checkPolicy(policy);
}

function checkVerify({ level = "full", which = "newest" }: VerifyJob): void {
  if (!VERIFY_LEVELS.includes(level))
    throw invalidArgument(`verify: level ${quote(level)} is none of ${VERIFY_LEVELS.join(", ")}`);
  if (which === "newest" || which === "all") return;
  throw invalidArgument(`verify: ${quote(which)} is neither newest nor all`);
}

function checkJitter(seconds: unknown): void {
  if (typeof seconds === "number" && seconds >= 0 && Number.isFinite(seconds)) return;
  throw invalidArgument(`jitterSeconds ${quote(seconds)} is not a number from 0`);
}

function checkDelay(times: CronTimes, jitterSeconds: number, now: number): void {
  const due = times.upcoming(now, DELAYS_CHECKED);
  const shortest = Math.min(...due.slice(1).map((time, i) => time - (due[i] as number)));
  if (jitterSeconds === 0 || jitterSeconds * 1000 < shortest) return;
  throw invalidArgument(
    `jitterSeconds ${jitterSeconds} is not shorter than the ${shortest / 1000} s from one run of ${times.job} to the next`,
  );
}
