// What a salvage brings and what it can not bring back, as text.
import type { LostKeys, SalvageLoss, SalvagePlan } from "@nadb/backup";
import { formatBytes, formatCount, formatTable, plural, printable } from "../../format.js";

/** Keys of one loss that are named in text; --json has all that are known. */
const NAMED = 20;

export function salvagePlanText(plan: SalvagePlan): string {
  const { from, into, recordCount, totalSize, isComplete } = plan;
  const records = `${plural(recordCount, "record")} of ${formatBytes(totalSize)}`;
  const state = isComplete ? ", all of its state" : "";
  return [
    runsText(plan),
    lossesText(plan.losses),
    `salvaged from ${from} into ${into}: ${records}${state}`,
  ]
    .filter((text) => text !== "")
    .join("\n");
}

const runsText = ({ runs }: SalvagePlan): string =>
  formatTable(
    [
      ["RUN", "FOUND IN", "MANIFEST", "DATA", "RECORDS", "DELETES"],
      ...runs.map(({ backupId, folder, manifest, state, recordCount, tombstoneCount }) => [
        backupId,
        folder ?? "-",
        manifest,
        state,
        formatCount(recordCount),
        formatCount(tombstoneCount),
      ]),
    ],
    [4, 5],
  );

export function lossesText(losses: readonly SalvageLoss[]): string {
  if (losses.length === 0) return "";
  const rows = losses.map((loss) =>
    [loss.what, loss.path, placeOf(loss), keysText(loss.keys), countText(loss), loss.why].map(
      printable,
    ),
  );
  const table = formatTable([["LOST", "OF", "WHERE", "KEYS", "CHANGES", "BECAUSE"], ...rows], [4]);
  return [table, ...losses.flatMap(standInsText)].join("\n");
}

function placeOf({ first, count, bytes }: SalvageLoss): string {
  const numbers = first === null ? [] : [numbersText(first, count)];
  const range = bytes === null ? [] : [`bytes ${bytes.start} to ${bytes.end}`];
  return [...numbers, ...range].join(", ") || "-";
}

function numbersText(first: number, count: number | null): string {
  if (count === null) return `${first} …`;
  return count === 1 ? `${first}` : `${first} to ${first + count - 1}`;
}

function keysText({ after, before }: LostKeys): string {
  if (after === null && before === null) return "any";
  const ends = [after === null ? "" : `after ${after}`, before === null ? "" : `before ${before}`];
  return ends.filter((end) => end !== "").join(", ");
}

const countText = ({ what, changes }: SalvageLoss): string => {
  if (changes === null) return "unknown";
  return what === "unproven" ? `${formatCount(changes)} kept` : formatCount(changes);
};

/** Older versions that stand in: what they may be, and which they are. */
function standInsText({ backupId, what, deletes, standIns }: SalvageLoss): string[] {
  if (what === "unproven" || standIns.count === 0) return [];
  const named = standIns.keys.slice(0, NAMED).map(printable);
  const more = standIns.count > named.length ? ", …" : "";
  const are = standIns.count === 1 ? "an older version stands" : "older versions stand";
  const may = deletes === 0 ? "which may be outdated" : "which may be outdated, or were deleted";
  return [
    `for ${plural(standIns.count, "key")} of ${backupId} ${are} in, ${may}: ${named.join(", ")}${more}`,
  ];
}
