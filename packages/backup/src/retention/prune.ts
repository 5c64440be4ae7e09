// Carrying out a plan of retention, step by step. INVARIANT: each step looks anew at what it relies on, so whatever others
// do meanwhile, and wherever this dies, every backup that is kept can be restored; what can not be done is left, and told.
import { type ErrorCode, isNadbError } from "@nadb/core";
import { consolidate } from "../consolidate.js";
import type { Finding } from "../finding.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { Arrivals } from "./arrivals.js";
import { type GatherOptions, gatherContext } from "./gather.js";
import { planRetention, type RetentionPlan, type RetentionStep } from "./plan.js";
import type { RetentionPolicy } from "./policy.js";
import { removeRelyingOn } from "./remove.js";

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
  /** Ids of those that somebody else had removed by then. */
  readonly gone: readonly string[];
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
  const work = new Work(repository, plan, options);
  await repository.checkWritable();
  if (plan.steps.length > 0) await repository.sweepLeftovers({ everywhere: true });
  for (const steps of together(plan.steps, options)) await work.take(steps);
  const { removed, consolidated, freedBytes } = work;
  const gone = await goneAmong(repository, work.left);
  const left = work.left.filter(({ step }) => !gone.includes(step.backupId));
  return { plan, removed, gone, consolidated, freedBytes, left };
}

type Removal = Extract<RetentionStep, { type: "remove" }>;

/** Removals that rely on the same backup are taken so many at a time: they cost one look at the manifests. */
const TOGETHER = 32;

/** Each step by itself, or removals in a row. Throws where an abort ends it. */
function* together(
  steps: readonly RetentionStep[],
  { signal, onStep }: PruneOptions,
): Generator<readonly RetentionStep[], void, undefined> {
  for (let next = 0; next < steps.length; ) {
    signal?.throwIfAborted();
    const group: RetentionStep[] = [];
    do {
      const step = steps[next++] as RetentionStep;
      onStep?.(step);
      group.push(step);
    } while (group.length < TOGETHER && !signal?.aborted && isLike(group[0], steps[next]));
    yield group;
  }
}

const isLike = (one: RetentionStep | undefined, other: RetentionStep | undefined): boolean =>
  one?.type === "remove" && other?.type === "remove" && one.relyingOn === other.relyingOn;

class Work {
  readonly removed: string[] = [];
  readonly consolidated: string[] = [];
  readonly left: LeftStep[] = [];
  freedBytes = 0;
  readonly #arrivals: Arrivals;

  constructor(
    readonly repository: Repository,
    { decisions }: RetentionPlan,
    readonly options: PruneOptions,
  ) {
    const known = decisions.map(({ backup }) => backup);
    this.#arrivals = new Arrivals(repository, known, options.anomalyLimits);
  }

  /** @param steps one to consolidate, or some to remove that rely on the same backup. */
  async take(steps: readonly RetentionStep[]): Promise<void> {
    const [first] = steps;
    if (first === undefined) return;
    try {
      if (first.type === "remove") return await this.#remove(steps as readonly Removal[]);
      this.freedBytes += await merge(this.repository, first, this.options);
      this.consolidated.push(first.backupId);
    } catch (error) {
      this.left.push(...steps.map((step) => leftBy(error, step)));
    }
  }

  async #remove(steps: readonly Removal[]): Promise<void> {
    const { repository } = this;
    const bytes = new Map<string, number>();
    const refused = new Map<string, unknown>();
    for (const { backupId } of steps) {
      await repository.get(backupId).then(
        ({ storedSize }) => bytes.set(backupId, storedSize),
        (error) => refused.set(backupId, error),
      );
    }
    const relyingOn = (steps[0] as Removal).relyingOn;
    const going = [...bytes.keys()];
    const stay = await removeRelyingOn(repository, going, [relyingOn], {
      stillRight: (scan) => this.#arrivals.checkNotHeld(scan, going, relyingOn),
    });
    for (const step of steps) {
      const error = refused.get(step.backupId) ?? stay.get(step.backupId);
      if (error !== undefined) this.left.push(leftBy(error, step));
      else this.removed.push(step.backupId);
      this.freedBytes += error === undefined ? (bytes.get(step.backupId) ?? 0) : 0;
    }
  }
}

/** Removals that had been taken already, or by now: two who prune at once may each do part of the work. */
async function goneAmong(
  repository: Repository,
  left: readonly LeftStep[],
): Promise<readonly string[]> {
  const removals = left.filter(({ step }) => step.type === "remove");
  if (removals.length === 0) return [];
  const { backups, findings } = await repository.scan();
  const there = new Set([...backups, ...findings].map(({ backupId }) => backupId));
  return removals.map(({ step }) => step.backupId).filter((id) => !there.has(id));
}

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
