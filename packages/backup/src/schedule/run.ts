// What is told of a scheduled run, to hooks and to whoever listens. Plain data: it goes out as JSON as it is.
import { isNadbError } from "@nadb/core";
import type { ArchiveVerification } from "../archive/verify-archive.js";
import type { Drill } from "../drill/drill.js";
import type { BackupInfo } from "../manifest.js";
import type { Pruning } from "../retention/prune.js";
import type { Verification } from "../verify.js";

/** In the order in which they start when they are due together. */
export const JOB_NAMES = ["full", "incremental", "prune", "verify", "drill"] as const;
export type JobName = (typeof JOB_NAMES)[number];

/** Of what a run is told: a job, or the archive, which goes on for as long as the schedule does. */
export type RunName = JobName | "archive";

/**
 * due: its time has come. catch-up: it was missed while no schedule ran. once: somebody asked for it. follow: the archive has
 * begun to follow, has failed, follows again, or has taken a full backup.
 */
export type Trigger = "due" | "catch-up" | "once" | "follow";

/**
 * flagged: done, but somebody should look. skipped: not begun, because the run before it was still going on or the schedule
 * was stopped. interrupted: the schedule was stopped meanwhile; nothing half-done is left.
 */
export type Outcome = "done" | "flagged" | "failed" | "skipped" | "interrupted";

export interface RunError {
  /** An ErrorCode, or "NADB_UNEXPECTED" for what is no error of NADB. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** By the job, what it came to. */
export interface JobResult {
  /** The backup that was taken, also by the archive; of an incremental with nothing to take, the one that it would have gone on from. */
  readonly backup?: BackupInfo;
  /** Whether a backup was made. */
  readonly created?: boolean;
  readonly verifications?: readonly Verification[];
  /** Of the archive of the namespace, where it has one. */
  readonly archive?: ArchiveVerification;
  readonly drill?: Drill;
  readonly pruning?: Pruning;
}

/** The newest backup of the namespace, and when it was last proven that it can be restored; null: never. */
export interface NewestBackup {
  readonly backupId: string;
  readonly timestamp: string;
  readonly provenAt: string | null;
}

export interface JobRun extends JobResult {
  readonly job: RunName;
  readonly trigger: Trigger;
  /** The times are ISO 8601 in UTC; null for a run that somebody asked for, and of the archive. */
  readonly dueAt: string | null;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly outcome: Outcome;
  /** Why it failed; or which damage a verification or a drill has found. */
  readonly error: RunError | null;
  /** Worth knowing. */
  readonly notes: readonly string[];
  /** Why somebody should look, though it is done, or was skipped. */
  readonly flags: readonly string[];
  /** Hooks that failed; the run is flagged then. */
  readonly hookErrors: readonly string[];
  /** After the run; null when there is none, or nobody could tell. */
  readonly newest: NewestBackup | null;
}

export function runError(error: unknown): RunError {
  if (!isNadbError(error)) return { code: "NADB_UNEXPECTED", message: String(error) };
  const { code, message, hint } = error;
  return hint === undefined ? { code, message } : { code, message, hint };
}

/** Whether somebody has to be told. */
export const isTrouble = ({ outcome, flags }: Pick<JobRun, "outcome" | "flags">): boolean =>
  outcome === "failed" || outcome === "flagged" || (outcome === "skipped" && flags.length > 0);
