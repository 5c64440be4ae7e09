// Backups as a plan of retention sees them: manifests without files, written down by what counts.
import type { BackupInfo, BackupTarget, RetentionPlan } from "../../src/index.js";
import { cutChecksumOf } from "../../src/manifest.js";
import { pathsOf } from "./files.js";
import { sample } from "./manifest.js";

export interface Taken {
  readonly id: string;
  /** ISO time, or what `Date.parse` makes of "2026-11-22". */
  readonly at: string | number;
  readonly parent?: string;
  readonly label?: string;
  readonly setSize?: number;
  readonly namespace?: string;
  readonly size?: number;
}

/** In the order in which they were taken. */
export function historyOf(taken: readonly Taken[]): BackupInfo[] {
  const made = new Map<string, BackupInfo>();
  for (const [i, one] of taken.entries()) {
    const parent = one.parent === undefined ? undefined : made.get(one.parent);
    made.set(one.id, {
      ...sample,
      backupId: one.id,
      sequence: i + 1,
      timestamp: new Date(one.at).toISOString(),
      backupType: one.parent === undefined ? "full" : "incremental",
      sourceDb: "db",
      sourceNamespace: one.namespace ?? "a",
      storedSize: one.size ?? 1,
      label: one.label ?? null,
      setSize: one.setSize ?? 1,
      toCheckpoint: `1.${i}`,
      toVersion: i,
      parentBackupId: one.parent ?? null,
      parentChecksum: parent === undefined ? null : cutChecksumOf(parent),
      fromCheckpoint: parent?.toCheckpoint ?? null,
      fromVersion: parent?.toVersion ?? null,
    });
  }
  return [...made.values()];
}

/** Fulls, one after the other, named by their times. */
export const fullsAt = (...times: readonly string[]): BackupInfo[] =>
  historyOf(times.map((at) => ({ id: at, at })));

export const keptBy = (plan: RetentionPlan): string[] =>
  plan.decisions.filter(({ action }) => action !== "remove").map(({ backup }) => backup.backupId);

export const removedBy = (plan: RetentionPlan): string[] =>
  plan.decisions.filter(({ action }) => action === "remove").map(({ backup }) => backup.backupId);

export const reasonsOf = (plan: RetentionPlan, id: string): readonly string[] | undefined =>
  plan.decisions.find(({ backup }) => backup.backupId === id)?.reasons;

/** Without what verifications have left beside the backups. */
export const filesIn = async (target: BackupTarget): Promise<string[]> =>
  (await pathsOf(target)).filter((path) => !path.endsWith("/verified.json"));

/** As `remove x` and `consolidate y onto z`. */
export const stepsOf = (plan: RetentionPlan): string[] =>
  plan.steps.map((step) =>
    step.type === "remove"
      ? `remove ${step.backupId}`
      : `consolidate ${step.backupId} onto ${step.onto ?? "nothing"}`,
  );
