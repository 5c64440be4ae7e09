// The plan of a restore in words: for the question before it, and for --dry-run.
import type {
  BackupInfo,
  PlannedAction,
  Restoration,
  RestorePlan,
  TimelinePoint,
} from "@nadb/backup";
import type { Head } from "@nadb/core";
import type { Plan } from "../../confirm.js";
import { formatBytes, formatCount, plural, printable } from "../../format.js";
import { type Session, storeName } from "../../session.js";
import { type Options, selectionText, selects } from "./restore-options.js";

/** Backups of a chain that are all named. */
const NAMED = 5;

type Field = readonly [string, string];

export interface Planned {
  readonly info: Pick<BackupInfo, "backupId" | "timestamp" | "backupType" | "recordCount">;
  /** Undefined where a backup was named. */
  readonly point: TimelinePoint | undefined;
  /** What the target holds now. */
  readonly head: Pick<Head, "count" | "bytes">;
  /** Undefined where --no-verify wants none. */
  readonly plan: RestorePlan | undefined;
}

export function planInWords({ flags }: Session, planned: Planned, options: Options): Plan {
  const { head, plan } = planned;
  const into = `${storeName(flags)} ${flags.db}/${flags.namespace}`;
  return {
    question: questionText(options),
    fields: [
      ["restore", restoredText(planned)],
      ...chainFields(plan),
      ["into", into],
      ["holding", `${plural(head.count, "record")}, ${formatBytes(head.bytes)}`],
      ...ruleFields(options),
      ...(plan === undefined ? [] : countFields(plan)),
      ...(options.safetyBackup && head.count > 0
        ? [["first", "a full backup of what is there"] as const]
        : []),
    ],
  };
}

export const questionText = ({ clear }: Options): string =>
  clear ? "Replace everything there?" : "Overwrite records of the same keys?";

/** What the options say of every restore. */
export const ruleFields = (options: Options): Field[] => [
  ["effect", effectText(options)],
  ...(selects(options) ? [["only", printable(selectionText(options))] as const] : []),
  ...(options.ttl === "keep" ? [] : [["ttl", TTL_TEXT[options.ttl]] as const]),
];

function restoredText({ info, point, plan }: Planned): string {
  const version = point === undefined ? "" : `, version ${point.version}`;
  const begin = `${info.backupId} of ${info.timestamp}${version}`;
  if (plan !== undefined) return `${begin}, ${plural(recordsOf(plan), "record")}`;
  return info.backupType === "full" ? `${begin}, ${plural(info.recordCount, "record")}` : begin;
}

/** All that the backup holds. */
const recordsOf = ({ add, change, same, skip, filtered, expired }: RestorePlan): number =>
  add + change + same + skip + filtered + expired;

function chainFields(plan: RestorePlan | undefined): Field[] {
  if (plan === undefined || plan.chain.length === 1) return [];
  const { length } = plan.chain;
  const named = length > NAMED ? [plan.chain[0], "…", plan.chain[length - 1]] : plan.chain;
  return [["chain", `${plural(length, "backup")}: ${named.join(" + ")}`]];
}

const TTL_TEXT = {
  extend: "what was left of each life at the backup is left from now on",
  strip: "what is restored does not expire",
};

function effectText({ clear, onConflict }: Options): string {
  if (clear) return "all of them go, what is restored takes their place";
  if (onConflict === "keep-existing") return "only what is missing is added";
  if (onConflict === "keep-newer")
    return "those of the same keys that were updated earlier are overwritten, others stay";
  return "those of the same keys are overwritten, others stay";
}

/** The numbers that are not 0. */
function countFields(plan: RestorePlan): Field[] {
  const { add, change, same, skip, filtered, expired, bytes } = plan;
  const fields: [string, number, string][] = [
    ["add", add, `${plural(add, "record")}${samplesText(plan, "add")}`],
    ["change", change, `${plural(change, "record")}${samplesText(plan, "change")}`],
    ["delete", plan.delete, `${plural(plan.delete, "record")}${samplesText(plan, "delete")}`],
    ["skip", skip, `${plural(skip, "record")}${samplesText(plan, "skip")}`],
    ["same", same, `${plural(same, "record")}, there just so`],
    ["filtered", filtered, `${plural(filtered, "record")}, not asked for`],
    ["expired", expired, `${plural(expired, "record")}, not restored`],
    ["write", bytes, formatBytes(bytes)],
  ];
  const shown = fields
    .filter(([, count]) => count > 0)
    .map(([name, , text]) => [name, text] as const);
  return add + change + plan.delete > 0 ? shown : [...shown, ["change", "nothing"]];
}

function samplesText(plan: RestorePlan, action: PlannedAction): string {
  const keys = plan.samples[action];
  if (keys.length === 0) return "";
  const more = plan[action] > keys.length ? ", …" : "";
  return `: ${keys.map(printable).join(", ")}${more}`;
}

export function restorationText(restoration: Restoration, seconds?: string): string {
  const { recordCount, stagedSize, skipped, filtered, expired } = restoration;
  const bytes = skipped === 0 ? [formatBytes(stagedSize)] : []; // those of the skipped ones are among them
  const aside = Object.entries({ skipped, filtered, expired }).filter(([, count]) => count > 0);
  const parts = [
    `restored ${plural(recordCount, "record")}`,
    ...bytes,
    ...(seconds === undefined ? [] : [`in ${seconds}`]),
    ...aside.map(([name, count]) => `${formatCount(count)} ${name}`),
  ];
  return parts.join(", ");
}
