// nadb backup prune: deletes what no rule keeps. The plan is shown first, with a reason for every backup; what is carried
// out is that plan.
import { type PrunePlan, type Pruning, planPrune, pruneBackups, Repository } from "@nadb/backup";
import { NadbError } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../../confirm.js";
import { plural } from "../../format.js";
import { HeldBack } from "../../held-back.js";
import { targetOf } from "../../open-target.js";
import { ProgressLine } from "../../progress.js";
import { repositoryName } from "../../repository-url.js";
import type { Begin, Flags, Session } from "../../session.js";
import { allNamespaces, dbOf } from "./all-namespaces.js";
import { mergedIds, planText, pruningText, removalText } from "./prune-text.js";
import { addPolicyOptions, type PolicyOptions, policyOf } from "./retention-options.js";

interface Options extends PolicyOptions {
  readonly consolidate?: true;
  readonly dryRun?: true;
  readonly allNamespaces?: true;
}

export function addPrune(backup: Command, begin: Begin): void {
  addPolicyOptions(backup.command("prune"))
    .description("delete the backups that no rule keeps; a backup stays when one of them keeps it")
    .option("--consolidate", "merge what a kept backup needs into it, rather than keep it for that")
    .option("--dry-run", "only show what would be done, and why")
    .addOption(allNamespaces("of every namespace, or of those of --db, each by itself"))
    .action((options: Options, command: Command) =>
      prune(begin(command), options, scopeOf(command, options)),
    );
}

type Scope = NonNullable<Parameters<typeof planPrune>[2]>["only"];

function scopeOf(command: Command, { allNamespaces }: Options): Scope {
  const { db, namespace } = command.optsWithGlobals<Flags>();
  if (!allNamespaces) return { db, namespace };
  const onlyDb = dbOf(command);
  return onlyDb === undefined ? undefined : { db: onlyDb };
}

async function prune(session: Session, options: Options, only: Scope): Promise<void> {
  const { flags, output, signal } = session;
  const { consolidate = false, dryRun = false, allNamespaces: _, ...rules } = options;
  const policy = policyOf(rules, flags.retention);
  const repository = await Repository.open(await targetOf(flags));
  const scope = only === undefined ? {} : { only };
  const plan = await planPrune(repository, policy, { consolidate, signal, ...scope });
  await checkScope(repository, plan, only);
  for (const { backupId, detail } of plan.findings)
    output.note(`${backupId} can not be read, and is left alone: ${detail}`);
  if (dryRun) await output.result({ dryRun, plan }, planText(plan));
  else await carryOut(session, repository, plan);
  const held = plan.decisions.filter(({ isHeld }) => isHeld).length;
  if (held > 0)
    throw heldBack(`${plural(held, "backup")} would go, but ${held === 1 ? "is" : "are"} held`);
}

async function carryOut(session: Session, repository: Repository, plan: PrunePlan): Promise<void> {
  const { output, signal } = session;
  output.note(planText(plan));
  if (plan.steps.length > 0) await confirm(session, plan);
  const pruning = await withProgress(session, (onProgress) =>
    pruneBackups(repository, plan, { signal, onProgress }),
  );
  await output.result({ dryRun: false, ...pruning }, pruningText(pruning));
  if (pruning.left.length > 0)
    throw heldBack(`${plural(pruning.left.length, "step")} of the plan could not be taken`);
}

async function withProgress(
  { output }: Session,
  work: (show: ProgressLine["show"]) => Promise<Pruning>,
): Promise<Pruning> {
  using line = new ProgressLine(output);
  return await work(line.show);
}

async function confirm(session: Session, plan: PrunePlan): Promise<void> {
  const merged = mergedIds(plan);
  const kept = plan.decisions.filter(({ action }) => action !== "remove").length;
  await confirmPlan(session, {
    question: `Delete ${removalText(plan)}, for good?`,
    fields: [
      ["delete", removalText(plan)],
      ...(merged.length === 0 ? [] : [["consolidate", merged.join(", ")] as const]),
      ["keep", plural(kept, "backup")],
      ["from", repositoryName(session.flags)],
    ],
  });
}

/** A name that is mistyped must not pass for a repository that is in order. */
async function checkScope(repository: Repository, plan: PrunePlan, only: Scope): Promise<void> {
  if (plan.decisions.length > 0 || only === undefined) return;
  const backups = await repository.list();
  if (backups.length === 0) return;
  const sources = new Set(backups.map((info) => `${info.sourceDb}/${info.sourceNamespace}`));
  throw new NadbError(
    "NADB_NOT_FOUND",
    `there is no backup of ${only.db}${only.namespace === undefined ? "" : `/${only.namespace}`}`,
    { hint: `there are backups of ${[...sources].join(", ")}; or add --all-namespaces` },
  );
}

const heldBack = (message: string): HeldBack =>
  new HeldBack(message, "the reasons stand with the result; prune again once they are gone");
