// Carrying out a plan of retention, step by step. INVARIANT: each step looks anew at what it relies on, so whatever others
// do meanwhile, and wherever this dies, every backup that is kept can be restored; what can not be done is left, and told.
import { type ErrorCode, isNadbError, NadbError, quote } from "@nadb/core";
import { consolidate } from "../consolidate.js";
import type { Finding } from "../finding.js";
import { Lease } from "../lease.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { type GatherOptions, gatherContext } from "./gather.js";
import { planRetention, type RetentionPlan, type RetentionStep } from "./plan.js";
import type { RetentionPolicy } from "./policy.js";

export interface PruneOptions extends GatherOptions {
  /** Called before each step. */
  readonly onStep?: (step: RetentionStep) => void;
  readonly onProgress?: LongWork["onProgress"];
}

/** A plan for the backups of a repository as they are. */
export interface PrunePlan extends RetentionPlan {
  /** Backups whose manifest can not be read: nothing is decided about them, and nothing of theirs is touched. */
  readonly findings: readonly Finding[];
}

export interface Pruning {
  readonly plan: RetentionPlan;
  /** Ids, in the order in which they went. */
  readonly removed: readonly string[];
  readonly consolidated: readonly string[];
  /** Bytes of data files; less by what consolidated ones have grown. */
  readonly freedBytes: number;
  /** Steps that were not taken, and why. */
  readonly left: readonly LeftStep[];
}

export interface LeftStep {
  readonly step: RetentionStep;
  readonly code: ErrorCode;
  readonly why: string;
}

/** What `pruneBackups` would do; changes nothing. Throws NADB_INVALID_ARGUMENT for the policy. */
export async function planPrune(
  repository: Repository,
  policy: RetentionPolicy,
  options: GatherOptions = {},
): Promise<PrunePlan> {
  const { backups, context, findings } = await gatherContext(repository, options);
  return { ...planRetention(backups, policy, context), findings };
}

/**
 * Deletes what no rule of the policy keeps, or carries out a plan that was made before. A step that has become impossible
 * is left, with those that need it; any other failure ends the work between two steps. Throws NADB_INVALID_ARGUMENT for the
 * policy.
 */
export async function pruneBackups(
  repository: Repository,
  policyOrPlan: RetentionPolicy | RetentionPlan,
  options: PruneOptions = {},
): Promise<Pruning> {
  const plan =
    "steps" in policyOrPlan ? policyOrPlan : await planPrune(repository, policyOrPlan, options);
  const done = { removed: [] as string[], consolidated: [] as string[], freedBytes: 0 };
  const left: LeftStep[] = [];
  await repository.checkWritable();
  if (plan.steps.length > 0) await repository.sweepLeftovers();
  for (const step of plan.steps) {
    options.signal?.throwIfAborted();
    options.onStep?.(step);
    try {
      done.freedBytes += await take(repository, step, options);
      done[step.type === "remove" ? "removed" : "consolidated"].push(step.backupId);
    } catch (error) {
      left.push(leftBy(error, step));
    }
  }
  return { plan, ...done, left };
}

/** Answers the bytes that became free. */
const take = (
  repository: Repository,
  step: RetentionStep,
  options: PruneOptions,
): Promise<number> =>
  step.type === "remove" ? remove(repository, step) : merge(repository, step, options);

async function merge(
  repository: Repository,
  { backupId, onto }: Extract<RetentionStep, { type: "consolidate" }>,
  { signal, onProgress }: PruneOptions,
): Promise<number> {
  const before = await repository.get(backupId);
  const work = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const after = await consolidate({ repository, ...repository.host }, backupId, { onto, ...work });
  return before.storedSize - after.storedSize;
}

/** Under the lease of the backup that it relies on: of two that would each delete the other's last one, none can. */
async function remove(
  repository: Repository,
  { backupId, relyingOn }: Extract<RetentionStep, { type: "remove" }>,
): Promise<number> {
  const { target, host } = repository;
  await checkStillThere(repository, relyingOn);
  const lease = await Lease.acquireSoon(target, relyingOn, host);
  try {
    await checkStillThere(repository, relyingOn);
    const { storedSize } = await repository.get(backupId);
    await repository.delete(backupId);
    return storedSize;
  } finally {
    await lease.release().catch(() => undefined); // it ends by itself, and the next run sweeps it
  }
}

async function checkStillThere(repository: Repository, backupId: string): Promise<void> {
  try {
    await repository.get(backupId);
  } catch (error) {
    if (!isNadbError(error, "NADB_NOT_FOUND")) throw error;
    throw new NadbError("NADB_CONFLICT", `the last good backup, ${quote(backupId)}, is gone`, {
      hint: "make a new plan",
      cause: error,
    });
  }
}

const LEAVES: readonly ErrorCode[] = [
  "NADB_CONFLICT",
  "NADB_LOCKED",
  "NADB_NOT_FOUND",
  "NADB_CORRUPTION",
  "NADB_NEWER_FORMAT",
  "NADB_INVALID_ARGUMENT",
];

/** Throws on what is no reason to go on: an abort, a target that fails, a repository that is only read. */
function leftBy(error: unknown, step: RetentionStep): LeftStep {
  if (!isNadbError(error) || !LEAVES.includes(error.code)) throw error;
  return { step, code: error.code, why: error.message };
}
