// nadb backup repair: mends what can be mended and puts aside what can not be restored. The plan is shown first; what is
// carried out is that plan. With --salvage it is of one backup alone (salvage.ts).
import { planRepair, type RepairPlan, type RepairStep, repairRepository } from "@nadb/backup";
import { corruption, invalidArgument } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../../confirm.js";
import { plural } from "../../format.js";
import { HeldBack } from "../../held-back.js";
import { ProgressLine } from "../../progress.js";
import { repositoryName } from "../../repository-url.js";
import type { Begin, Session } from "../../session.js";
import { openRepository } from "./reader.js";
import { countText, repairPlanText, repairText } from "./repair-text.js";
import { type SalvageFlags, salvage } from "./salvage.js";

type Options = SalvageFlags;

export function addRepair(backup: Command, begin: Begin): void {
  backup
    .command("repair")
    .description("read everything, mend what can be, move damaged backups into the quarantine")
    .option("--dry-run", "only show what would be done, and why")
    .option("--salvage <id>", "make a new backup of what is left of this damaged one instead")
    .option("--into <id>", "the id of that new backup")
    .action((options: Options, command: Command) =>
      options.salvage === undefined
        ? repair(begin(command), options)
        : salvage(begin(command), options),
    );
}

async function repair(session: Session, { dryRun, into }: Options): Promise<void> {
  if (into !== undefined)
    throw invalidArgument("--into goes with --salvage", "add --salvage ID, or leave it out");
  const { output, signal } = session;
  const repository = await openRepository(session);
  const plan = await withProgress(session, (onProgress) =>
    planRepair(repository, { signal, onProgress }),
  );
  if (dryRun) {
    await output.result({ dryRun, plan }, repairPlanText(plan));
    return finish(plan, plan.steps);
  }
  output.note(repairPlanText(plan));
  if (plan.steps.length > 0) await confirm(session, plan);
  const done = await withProgress(session, (onProgress) =>
    repairRepository(repository, plan, { signal, onProgress }),
  );
  await output.result({ dryRun: false, ...done }, repairText(done));
  finish(
    plan,
    done.left.map(({ step }) => step),
  );
}

async function withProgress<T>(
  { output }: Session,
  work: (show: ProgressLine["show"]) => Promise<T>,
): Promise<T> {
  using line = new ProgressLine(output);
  return await work(line.show);
}

function confirm(session: Session, plan: RepairPlan): Promise<void> {
  return confirmPlan(session, {
    question: "Repair the repository?",
    fields: [
      ["mend", countText(plan, "rebuild-index", "restore-manifest", "consolidate")],
      ["quarantine", countText(plan, "quarantine", "quarantine-segment")],
      ["sweep", countText(plan, "sweep")],
      ["in", repositoryName(session.flags)],
    ],
  });
}

/** What keeps a backup or a segment from being restored. */
const isDamage = ({ type }: RepairStep): boolean => type !== "sweep" && type !== "rebuild-index";

/** Throws when there is still damage, or something was lost or left alone. */
function finish(plan: RepairPlan, left: readonly RepairStep[]): void {
  const damaged = left.filter(isDamage);
  if (damaged.length > 0)
    throw corruption(
      `there is damage: ${plural(damaged.length, "step")} to take`,
      "repair without --dry-run; why a step was not taken stands with the result",
    );
  const lost = plan.losses.length;
  const aside = plan.steps.filter(({ type }) => isQuarantine(type)).length;
  const sweeps = left.filter(({ type }) => type === "sweep").length;
  const alone = plan.leftAlone.length;
  if (aside + lost + sweeps + alone === 0) return;
  const told = [
    ...(aside > 0 ? [`${aside} in the quarantine`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(alone > 0 ? [`${alone} left alone`] : []),
    ...(sweeps > 0 ? [`${plural(sweeps, "leftover")} not swept`] : []),
  ];
  throw new HeldBack(told.join(", "), plan.advice[0] ?? "the reasons stand with the result");
}

const isQuarantine = (type: RepairStep["type"]): boolean => type.startsWith("quarantine");
