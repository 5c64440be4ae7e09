// From where the next step goes on: found from what the progress record says and what both sides hold, never from memory.
// INVARIANT: a step replaces or merges only over content that a copy is known to have put there, or that it was permitted
// to replace.
import type { Head } from "../backend.js";
import { canServe } from "../can-serve.js";
import { isNadbError } from "../errors.js";
import { type Audit, auditTarget } from "./audit.js";
import {
  anew,
  anotherSource,
  checkApart,
  checkpointExpired,
  isSameSource,
  mayReplace,
} from "./permission.js";
import {
  NOTHING_SWEPT,
  type Pending,
  type Position,
  type Progress,
  type Swept,
} from "./progress.js";
import { type Basis, type ChangesBasis, isSameContent, type Sides, signalOf } from "./sides.js";

/**
 * Throws NADB_CONFLICT or NADB_CHECKPOINT_EXPIRED for what takes a permission that was not given, NADB_INVALID_ARGUMENT
 * when both are the same namespace.
 */
export async function findBasis(
  sides: Sides,
  progress: Progress,
  sourceHead: Head,
): Promise<Basis> {
  const target = await sides.to.head(signalOf(sides));
  checkApart(sides, target, sourceHead);
  const found = await standing(sides, progress, target, sourceHead);
  if (found.step === "full" || found.source.checkpoint === sourceHead.checkpoint) return found;
  if (await canServe(sides.from, found.source.checkpoint, signalOf(sides))) return found;
  if (mayReplace(sides, target)) return { step: "full", because: "expired", target };
  throw checkpointExpired(sides);
}

async function standing(
  sides: Sides,
  progress: Progress,
  target: Head,
  sourceHead: Head,
): Promise<Basis> {
  const { copied, pending } = progress;
  if (copied === null && pending === null) return anew(sides, target, "first");
  if (!isSameSource(progress, sides, sourceHead)) return anotherSource(sides, progress, target);
  try {
    const hasChanged = pending?.before.checkpoint !== target.checkpoint;
    if (pending !== null && hasChanged)
      return await behindPending(sides, progress, pending, target);
    if (pending?.step === "full") return { step: "full", because: "interrupted", target }; // that was permitted
    if (copied === null) return anew(sides, target, "first");
    return await behindCopied(sides, copied, progress.swept, target);
  } catch (error) {
    if (!isNadbError(error, "NADB_CONFLICT") || sides.options.force !== true) throw error;
    return { step: "full", because: "changed", target };
  }
}

/** Its load was committed, or else somebody was at work. A step that is not certain is taken again from where it began. */
async function behindPending(
  sides: Sides,
  { copied, swept }: Progress,
  pending: Pending,
  target: Head,
): Promise<Basis> {
  const { source, before, at } = pending;
  if (isSameContent(source, target))
    return { step: "changes", source, target, at, swept: NOTHING_SWEPT };
  if (pending.step === "full") {
    if (target.generation === before.generation) return anew(sides, target, "first");
    await auditTarget(auditOf(sides, source, true), null);
    return { step: "full", because: "interrupted", target };
  }
  if (copied === null) throw new TypeError("changes are pending over nothing");
  const audited = await auditTarget(auditOf(sides, copied.source, true), before);
  return goingOn(copied, swept, audited);
}

async function behindCopied(
  sides: Sides,
  copied: Position,
  swept: Swept,
  target: Head,
): Promise<Basis> {
  if (copied.target.checkpoint === target.checkpoint) return { step: "changes", ...copied, swept };
  if (target.count === 0 && target.generation !== copied.target.generation)
    return { step: "full", because: "first", target }; // dropped: there is nothing that could be lost
  const audited = await auditTarget(auditOf(sides, copied.source, false), copied.target);
  return goingOn(copied, swept, audited);
}

/** The same cut of the source, at a target that has swept since. */
export const goingOn = (
  { source, at }: Position,
  before: Swept,
  { head, swept }: { readonly head: Head; readonly swept: Swept },
): ChangesBasis => ({
  step: "changes",
  source,
  target: head,
  at,
  swept: { count: before.count + swept.count, until: Math.max(before.until, swept.until) },
});

export const auditOf = (
  { from, to, now, options }: Sides,
  copied: Head,
  afterStep: boolean,
): Audit => ({ from, to, copied, afterStep, now, signal: options.signal });
