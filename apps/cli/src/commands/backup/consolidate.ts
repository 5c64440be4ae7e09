// nadb backup consolidate ID: merges a backup with those it is laid over, in place. Its plan is told by the manifests; no store
// is opened, so that it works where the store is gone.
import {
  type BackupInfo,
  type ConsolidationPlan,
  consolidateBackup,
  planConsolidation,
} from "@nadb/backup";
import { checkName } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../../confirm.js";
import { formatBytes, formatFields, plural, secondsSince } from "../../format.js";
import { ProgressLine } from "../../progress.js";
import { repositoryName } from "../../repository-url.js";
import type { Begin, Session } from "../../session.js";
import { openRepository } from "./reader.js";

/** Backups that are all named. */
const NAMED = 5;

interface Options {
  readonly onto?: string;
  readonly dryRun?: true;
}

export function addConsolidate(backup: Command, begin: Begin): void {
  backup
    .command("consolidate")
    .description("make a backup a full one, of itself and those it is laid over; no store is read")
    .argument("<id>")
    .option("--onto <id>", "go on from this one of its chain, instead of becoming a full backup")
    .option("--dry-run", "print what would be merged and do nothing")
    .action((id: string, options: Options, command: Command) =>
      consolidate(begin(command), id, options),
    );
}

async function consolidate(session: Session, id: string, options: Options): Promise<void> {
  const { onto = null, dryRun = false } = options;
  const { output, signal } = session;
  checkName("backup id", id);
  if (onto !== null) checkName("backup id", onto);
  const repository = await openRepository(session);
  const plan = await planConsolidation(repository, id, { onto });
  if (plan.merged.length === 0)
    return output.result({ dryRun, plan, backup: null }, nothingText(plan));
  const fields = fieldsOf(session, plan);
  if (dryRun) return output.result({ dryRun, plan, backup: null }, formatFields(fields));
  await confirmPlan(session, { question: `Merge the data of ${id}, in place?`, fields });
  const started = performance.now();
  using line = new ProgressLine(output);
  const backup = await consolidateBackup(repository, id, { onto, signal, onProgress: line.show });
  line.clear();
  await output.result({ dryRun, plan, backup }, doneText(backup, secondsSince(started)));
}

const nothingText = ({ backupId, onto }: ConsolidationPlan): string =>
  onto === null
    ? `${backupId} is a full backup: there is nothing to merge`
    : `${backupId} goes on from ${onto} already: there is nothing to merge`;

function fieldsOf({ flags }: Session, plan: ConsolidationPlan): (readonly [string, string])[] {
  const { backupId, onto, merged, changeCount, storedSize, recordCount, totalSize } = plan;
  const held = recordCount === null ? [] : [plural(recordCount, "record")];
  const state = [...held, ...(totalSize === null ? [] : [formatBytes(totalSize)])].join(", ");
  return [
    ["merge", `${namesOf(merged, " + ")} into ${backupId}`],
    ["becomes", onto === null ? "a full backup" : `an incremental on ${onto}`],
    ["reads", `${plural(changeCount, "change")}, ${formatBytes(storedSize)} stored`],
    ...(state === "" ? [] : [["restores", `to the same state: ${state}`] as const]),
    ["as it was", namesOf(merged.slice(0, -1), ", ")],
    ["on it", plan.dependents.length === 0 ? "nothing" : namesOf(plan.dependents, ", ")],
    ["in", repositoryName(flags)],
  ];
}

function namesOf(ids: readonly string[], separator: string): string {
  if (ids.length <= NAMED) return ids.join(separator);
  return `${ids[0]}${separator}… (${ids.length - 2} more)${separator}${ids.at(-1)}`;
}

function doneText(backup: BackupInfo, seconds: string): string {
  const { backupId, backupType, parentBackupId, recordCount, storedSize } = backup;
  const kind = backupType === "full" ? "a full backup" : `an incremental on ${parentBackupId}`;
  const holding = `${plural(recordCount, "record")}, ${formatBytes(storedSize)} stored`;
  return `consolidated ${backupId}: ${kind} of ${holding}, in ${seconds}`;
}
