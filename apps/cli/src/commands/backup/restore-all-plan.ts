// The plan of a set's restore in words, and what came of it.
import type { BackupInfo, OfNamespace, Restoration, RestorePlan } from "@nadb/backup";
import type { Plan } from "../../confirm.js";
import { formatBytes, formatCount, formatFields, plural } from "../../format.js";
import { type Session, storeName } from "../../session.js";
import { nameOf } from "./all-namespaces.js";
import type { Options } from "./restore-options.js";
import { questionText, restorationText, ruleFields } from "./restore-plan.js";

/** What the targets hold now, and how many of them hold anything. */
export interface Holding {
  readonly count: number;
  readonly bytes: number;
  readonly namespaces: number;
}

export interface PlannedSet {
  readonly label: string;
  readonly set: readonly BackupInfo[];
  readonly holding: Holding;
  /** Undefined where --no-verify wants none. */
  readonly plans: readonly OfNamespace<RestorePlan>[] | undefined;
}

export function setInWords({ flags }: Session, planned: PlannedSet, options: Options): Plan {
  const { label, set, holding, plans = [] } = planned;
  const { count, bytes, namespaces } = holding;
  const held = `${plural(count, "record")}, ${formatBytes(bytes)}, in ${plural(namespaces, "namespace")}`;
  return {
    question: questionText(options),
    fields: [
      ["restore", `the set ${label}, ${plural(set.length, "backup")}`],
      ["into", `${storeName(flags)}, each namespace in one step, one after another`],
      ["holding", held],
      ...ruleFields(options),
      ...plans.map(planField),
      ...(options.safetyBackup ? [["first", "full backups of what is there"] as const] : []),
    ],
  };
}

export const plansText = (plans: readonly OfNamespace<RestorePlan>[]): string =>
  formatFields(plans.map(planField));

/** The numbers that are not 0. */
function planField(plan: OfNamespace<RestorePlan>): readonly [string, string] {
  const { add, change, skip, same, filtered, expired } = plan;
  const counts = { add, change, delete: plan.delete, skip, same, filtered, expired };
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  const text = parts.map(([name, count]) => `${name} ${formatCount(count)}`).join(", ");
  return [nameOf(plan), text === "" ? "nothing" : text];
}

/** @param saved the label of the safety backups; null: there was nothing; undefined: none were wanted. */
export function restoredText(
  restored: readonly OfNamespace<Restoration>[],
  seconds: string,
  saved: string | null | undefined,
): string {
  const lines = restored.map((one) => `${nameOf(one)}: ${restorationText(one)}`);
  lines.push(`${plural(restored.length, "namespace")} in ${seconds}`);
  if (saved === null) lines.push("nothing was there for safety backups");
  else if (saved !== undefined) lines.push(`safety backups ${saved}`);
  return lines.join("\n");
}
