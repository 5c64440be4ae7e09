// nadb backup repair --salvage ID --into NEWID: a new full backup of what is left of a damaged one. The plan is shown first;
// what is carried out is that plan.
import { planSalvage, type SalvagePlan, salvageBackup } from "@nadb/backup";
import { invalidArgument } from "@nadb/core";
import { confirmPlan } from "../../confirm.js";
import { formatCount } from "../../format.js";
import { HeldBack } from "../../held-back.js";
import { ProgressLine } from "../../progress.js";
import { repositoryName } from "../../repository-url.js";
import type { Session } from "../../session.js";
import { infoText } from "./info.js";
import { openRepository } from "./reader.js";
import { lossesText, salvagePlanText } from "./salvage-text.js";

export interface SalvageFlags {
  readonly salvage?: string;
  readonly into?: string;
  readonly dryRun?: true;
}

/** Throws HeldBack when something was lost. */
export async function salvage(
  session: Session,
  { salvage: name = "", into, dryRun }: SalvageFlags,
): Promise<void> {
  const { output, signal } = session;
  if (into === undefined)
    throw invalidArgument("--salvage needs the id of a new backup", "add --into NEWID");
  const repository = await openRepository(session);
  const plan = await withProgress(session, (onProgress) =>
    planSalvage(repository, name, { into, signal, onProgress }),
  );
  if (dryRun) await output.result({ dryRun, plan }, salvagePlanText(plan));
  else {
    output.note(salvagePlanText(plan));
    await confirm(session, plan);
    const { info } = await withProgress(session, (onProgress) =>
      salvageBackup(repository, plan, { signal, onProgress }),
    );
    const text = [infoText(info), lossesText(plan.losses)].filter((part) => part !== "");
    await output.result({ dryRun: false, plan, info }, text.join("\n\n"));
  }
  finish(plan);
}

async function withProgress<T>(
  { output }: Session,
  work: (show: ProgressLine["show"]) => Promise<T>,
): Promise<T> {
  using line = new ProgressLine(output);
  return await work(line.show);
}

const confirm = (
  session: Session,
  { from, into, recordCount, losses }: SalvagePlan,
): Promise<void> =>
  confirmPlan(session, {
    question: "Make a new backup of what is left?",
    fields: [
      ["of", from],
      ["into", into],
      ["records", formatCount(recordCount)],
      ["losses", formatCount(losses.length)],
      ["in", repositoryName(session.flags)],
    ],
  });

function finish({ from, isComplete, losses }: SalvagePlan): void {
  if (isComplete) return;
  throw new HeldBack(
    `not all of ${from} could be salvaged: ${losses.length === 1 ? "1 loss is" : `${formatCount(losses.length)} losses are`} listed`,
    "look at what is lost before you restore it; take a new full backup of what is live",
  );
}
