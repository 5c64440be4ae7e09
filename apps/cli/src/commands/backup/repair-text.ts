// Plans of repair, and what came of them, as text.
import type { Repair, RepairPlan, RepairStep } from "@nadb/backup";
import { formatTable, plural, printable } from "../../format.js";

export function repairPlanText(plan: RepairPlan): string {
  const { steps, leftAlone, losses, advice } = plan;
  const sections = [
    table(
      "STEP",
      steps.map((step) => [step.type, ...wordsOf(step)]),
    ),
    table(
      "LEFT ALONE",
      leftAlone.map(({ name, why }) => [name, why]),
    ),
    table(
      "LOST",
      losses.map(({ name, why }) => [name, why]),
    ),
    advice.map((sentence) => `next: ${sentence}`).join("\n"),
    `${plural(plan.sound.length, "backup")} can be restored`,
  ];
  return sections.filter((text) => text !== "").join("\n");
}

function table(heading: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const [first] = rows as readonly [readonly string[]];
  const blank = first.slice(1).map((_, i, all) => (i === all.length - 1 ? "BECAUSE" : "NAME"));
  return formatTable([[heading, ...blank], ...rows.map((row) => row.map(printable))]);
}

/** What a step is about, and why. */
function wordsOf(step: RepairStep): [string, string] {
  switch (step.type) {
    case "rebuild-index":
      return ["metadata.json", `it is ${step.was}`];
    case "sweep":
      return [
        step.name,
        `${plural(step.paths.length, "file")} of writers or readers that are gone`,
      ];
    case "quarantine-segment":
      return [`${step.id.db}/${step.id.namespace} ${step.name}`, step.why];
    default:
      return [step.backupId, step.why];
  }
}

/** As "2 steps". */
export function countText({ steps }: RepairPlan, ...types: readonly RepairStep["type"][]): string {
  return plural(steps.filter(({ type }) => types.includes(type)).length, "step");
}

export function repairText({ plan, done, left }: Repair): string {
  const moved = done.filter(({ type }) => type.startsWith("quarantine")).length;
  return [
    `repaired: ${plural(done.length, "step")} taken, ${moved} moved into the quarantine, ${plural(plan.sound.length, "backup")} can be restored`,
    ...left.map(({ step, why }) => `left ${step.type} ${wordsOf(step)[0]}: ${printable(why)}`),
  ].join("\n");
}
