// What a policy makes of the backups there are: a decision for each, with its reasons in words, and the steps to carry it
// out. Pure: no clock and no I/O, so that a dry run, its explanation and the execution are one thing.
// INVARIANTS: what a kept backup is restored from stays, or is merged into it first; the newest good backup of a namespace
// stays; a damaged one takes no good one's place; a set stays or goes as a whole.
import { byAge } from "../catalog.js";
import type { BackupInfo } from "../manifest.js";
import type { RetentionContext } from "./context.js";
import { Keeping } from "./keeping.js";
import { checkPolicy, type RetentionPolicy } from "./policy.js";

export interface RetentionDecision {
  readonly backup: BackupInfo;
  /** consolidate: it stays, and is merged with what it would lose. */
  readonly action: "keep" | "consolidate" | "remove";
  readonly reasons: readonly string[];
  /** It and all it is laid over are there, and nobody knows of any damage. */
  readonly isGood: boolean;
  /** It would go, were it not held, or were there a good backup of its namespace. */
  readonly isHeld: boolean;
}

export type RetentionStep =
  | {
      readonly type: "consolidate";
      readonly backupId: string;
      /** The backup it is laid over then; null: it becomes a full. */
      readonly onto: string | null;
    }
  | {
      readonly type: "remove";
      readonly backupId: string;
      /** The last good backup of its namespace: without it, this one must not go. */
      readonly relyingOn: string;
    };

export interface RetentionPlan {
  readonly policy: RetentionPolicy;
  /** Oldest first. */
  readonly decisions: readonly RetentionDecision[];
  /** To be taken in this order; after each of them every kept backup can be restored. */
  readonly steps: readonly RetentionStep[];
  /** Of the data files of those that go; consolidated ones grow. */
  readonly removedBytes: number;
}

/** Throws NADB_INVALID_ARGUMENT for a policy that is unknown, negative or empty. */
export function planRetention(
  backups: Iterable<BackupInfo>,
  policy: RetentionPolicy,
  context: RetentionContext,
): RetentionPlan {
  checkPolicy(policy);
  const all = [...backups];
  const keeping = new Keeping(all, policy, context);
  const wouldGo = goingWithoutHold(all, policy, context);
  const decide = (backup: BackupInfo): RetentionDecision => ({
    backup,
    action: actionOf(keeping, backup),
    reasons: keeping.reasons.get(backup.backupId) ?? ["no rule keeps it"],
    isGood: keeping.lineage.isGood(backup),
    isHeld: wouldGo.has(backup.backupId) || keeping.lastGoodOf(backup) === undefined,
  });
  const decisions = keeping.judged.map(decide).sort((a, b) => byAge(a.backup, b.backup));
  return {
    policy,
    decisions,
    steps: [...consolidations(keeping), ...removals(keeping)],
    removedBytes: removedBytes(decisions),
  };
}

/** The ids that would go if nothing was held. */
function goingWithoutHold(
  backups: readonly BackupInfo[],
  policy: RetentionPolicy,
  { held, ...context }: RetentionContext,
): ReadonlySet<string> {
  if (held === undefined || held.size === 0) return new Set();
  const free = new Keeping(backups, policy, context);
  const holding = new Keeping(backups, policy, { ...context, held });
  const going = free.judged.filter((info) => !free.stays(info) && holding.stays(info));
  return new Set(going.map(({ backupId }) => backupId));
}

function actionOf(keeping: Keeping, backup: BackupInfo): RetentionDecision["action"] {
  if (!keeping.stays(backup)) return "remove";
  return keeping.losesParent(backup) ? "consolidate" : "keep";
}

/** Parents first: what a backup is merged onto has its own place by then. */
function* consolidations(keeping: Keeping): Generator<RetentionStep> {
  for (const backup of keeping.judged) {
    if (!keeping.stays(backup) || !keeping.losesParent(backup)) continue;
    const onto = keeping.nearestStaying(backup)?.backupId ?? null;
    yield { type: "consolidate", backupId: backup.backupId, onto };
  }
}

/** Children before their parents. */
function* removals(keeping: Keeping): Generator<RetentionStep> {
  for (const backup of [...keeping.judged].reverse()) {
    const last = keeping.lastGoodOf(backup);
    if (keeping.stays(backup) || last === undefined) continue;
    yield { type: "remove", backupId: backup.backupId, relyingOn: last.backupId };
  }
}

const removedBytes = (decisions: readonly RetentionDecision[]): number =>
  decisions
    .filter(({ action }) => action === "remove")
    .reduce((sum, { backup }) => sum + backup.storedSize, 0);
