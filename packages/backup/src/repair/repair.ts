// Carrying out the plan of a repair, step by step. INVARIANT: each step looks anew whether things are as the plan has seen
// them; what is not is left, and told. Wherever this dies, another repair goes on from there.
import { type ErrorCode, isNadbError } from "@nadb/core";
import { consolidate } from "../consolidate.js";
import { Lease } from "../lease.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { rebuildIndex, restoreManifest, sweep } from "./mend.js";
import { quarantineBackup, quarantineSegment } from "./move.js";
import type { RepairPlan, RepairStep, StepOf } from "./plan.js";
import { planRepair } from "./plan-repair.js";
import { QUARANTINE_FOLDER } from "./quarantine.js";

export interface RepairOptions extends LongWork {
  /** Called before each step. */
  readonly onStep?: (step: RepairStep) => void;
}

export interface LeftRepair {
  readonly step: RepairStep;
  readonly code: ErrorCode;
  readonly why: string;
}

export interface Repair {
  readonly plan: RepairPlan;
  readonly done: readonly RepairStep[];
  /** Steps that were not taken, and why. */
  readonly left: readonly LeftRepair[];
}

/**
 * Carries out a plan; makes one first when it is left out. A step that has become impossible is left; any other failure ends
 * the work between two steps. Throws NADB_UNSUPPORTED for a repository of the Python original, NADB_LOCKED while somebody
 * else repairs it.
 */
export async function repairRepository(
  repository: Repository,
  plan?: RepairPlan,
  options: RepairOptions = {},
): Promise<Repair> {
  const chosen = plan ?? (await planRepair(repository, options));
  const { target, host } = repository;
  await repository.checkWritable();
  if (chosen.steps.length === 0) return { plan: chosen, done: [], left: [] };
  const isIndexFirst = chosen.steps[0]?.type === "rebuild-index";
  if (isIndexFirst) await rebuildIndex(repository); // or else there may be no repository to repair again
  const lease = await Lease.acquire(target, QUARANTINE_FOLDER, host);
  try {
    const taken = await takeAll(repository, lease, chosen.steps, options);
    await rebuildIndex(repository);
    return { plan: chosen, ...taken };
  } finally {
    await lease.release().catch(() => undefined); // it ends by itself
  }
}

async function takeAll(
  repository: Repository,
  lease: Lease,
  steps: readonly RepairStep[],
  options: RepairOptions,
): Promise<Pick<Repair, "done" | "left">> {
  const going = new Map(
    steps.flatMap((step) =>
      step.type === "quarantine" ? [[step.backupId, step.seen] as const] : [],
    ),
  );
  const done: RepairStep[] = [];
  const left: LeftRepair[] = [];
  for (const step of steps) {
    options.signal?.throwIfAborted();
    options.onStep?.(step);
    await lease.renew();
    try {
      if (step.type === "quarantine") await quarantineBackup(repository, lease, step, going);
      else await take(repository, lease, step, options);
      done.push(step);
    } catch (error) {
      left.push(leftBy(error, step));
    }
  }
  return { done, left };
}

async function take(
  repository: Repository,
  lease: Lease,
  step: Exclude<RepairStep, StepOf<"quarantine">>,
  options: RepairOptions,
): Promise<void> {
  switch (step.type) {
    case "rebuild-index":
      return rebuildIndex(repository);
    case "restore-manifest":
      return restoreManifest(repository, lease, step);
    case "consolidate":
      return merge(repository, step, options);
    case "quarantine-segment":
      return quarantineSegment(repository, lease, step);
    case "sweep":
      return sweep(repository, step);
  }
}

async function merge(
  repository: Repository,
  { backupId, onto }: StepOf<"consolidate">,
  { signal, onProgress }: RepairOptions,
): Promise<void> {
  const work = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  await consolidate({ repository, ...repository.host }, backupId, { onto, ...work });
}

const LEAVES: readonly ErrorCode[] = [
  "NADB_ALREADY_EXISTS",
  "NADB_CONFLICT",
  "NADB_CORRUPTION",
  "NADB_LOCKED",
  "NADB_NEWER_FORMAT",
  "NADB_NOT_FOUND",
];

/** Throws on what is no reason to go on: an abort, a target that fails. */
function leftBy(error: unknown, step: RepairStep): LeftRepair {
  if (!isNadbError(error) || !LEAVES.includes(error.code)) throw error;
  return { step, code: error.code, why: error.message };
}
