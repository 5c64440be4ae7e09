// Plans of retention, and what came of them, as text.
import type { Pruning, RetentionDecision, RetentionPlan } from "@nadb/backup";
import { formatBytes, formatTable, plural, printable } from "../../format.js";

/** Every backup with what becomes of it, and why. */
export function planText({ decisions }: RetentionPlan): string {
  if (decisions.length === 0) return "";
  const rows = decisions.map((decision) => {
    const { backup, action } = decision;
    const source = `${backup.sourceDb}/${backup.sourceNamespace}`;
    return [action, backup.backupId, source, backup.timestamp, reasonText(decision)];
  });
  return formatTable([["DECISION", "ID", "SOURCE", "TAKEN", "BECAUSE"], ...rows]);
}

function reasonText({ reasons, isGood }: RetentionDecision): string {
  const text = printable(reasons.join("; "));
  return isGood ? text : `${text} (damaged)`;
}

/** As "3 backups, 1.2 MB". */
export function removalText({ steps, removedBytes }: RetentionPlan): string {
  const removed = steps.filter(({ type }) => type === "remove").length;
  return `${plural(removed, "backup")}, ${formatBytes(removedBytes)}`;
}

export const mergedIds = ({ steps }: RetentionPlan): string[] =>
  steps.flatMap(({ type, backupId }) => (type === "consolidate" ? [backupId] : []));

export function pruningText({ removed, gone, consolidated, freedBytes, left }: Pruning): string {
  const bytes =
    freedBytes < 0 ? `took ${formatBytes(-freedBytes)} more` : `freed ${formatBytes(freedBytes)}`;
  return [
    `removed ${plural(removed.length, "backup")}, consolidated ${consolidated.length}, ${bytes}`,
    ...gone.map((id) => `${id} was gone already`),
    ...left.map(({ step, why }) => `left ${step.backupId}: ${printable(why)}`),
  ].join("\n");
}
