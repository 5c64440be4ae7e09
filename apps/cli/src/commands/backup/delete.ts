// nadb backup delete ID. A backup that others are laid over is refused before anybody is asked; the repository refuses
// it once more when it deletes.
import { type BackupInfo, directoryTarget, Repository } from "@nadb/backup";
import { checkName, isNadbError, NadbError } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../../confirm.js";
import { formatBytes, plural } from "../../format.js";
import type { Begin, Session } from "../../session.js";

/** Ids named in one message. */
const NAMED = 10;

export function addDelete(backup: Command, begin: Begin): void {
  backup
    .command("delete")
    .description("delete a backup for good; refused while incrementals go on from it")
    .argument("<id>")
    .action((id: string, _: object, command: Command) => deleteBackup(begin(command), id));
}

async function deleteBackup(session: Session, id: string): Promise<void> {
  const { flags, output } = session;
  checkName("backup id", id);
  const repository = await Repository.open(directoryTarget(flags.repo));
  const content = await contentOf(repository, id);
  checkNotNeeded(id, await repository.list());
  await confirmPlan(session, {
    question: `Delete the backup ${id} for good?`,
    fields: [
      ["delete", id],
      ["holding", content],
      ["from", flags.repo],
    ],
  });
  await repository.delete(id);
  await output.result({ backupId: id, deleted: true }, `deleted ${id}`);
}

/** A backup that can not be read can still be deleted. */
async function contentOf(repository: Repository, id: string): Promise<string> {
  try {
    const { timestamp, recordCount, totalSize } = await repository.get(id);
    return `${plural(recordCount, "record")}, ${formatBytes(totalSize)}, of ${timestamp}`;
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return "something that can not be read any more";
    throw error;
  }
}

/** Throws NADB_CONFLICT with the ids that have to go first, in the order in which they can. */
function checkNotNeeded(id: string, backups: readonly BackupInfo[]): void {
  const needing = laidOver(id, backups);
  if (needing.length === 0) return;
  const first = needing.slice(0, NAMED).join(", ");
  const more = needing.length > NAMED ? `, and ${needing.length - NAMED} more` : "";
  throw new NadbError(
    "NADB_CONFLICT",
    `${plural(needing.length, "incremental backup")} can not be restored without ${id}`,
    { hint: `to delete it, first delete in this order: ${first}${more}` },
  );
}

/** The incrementals that need the backup, each before the one that it is laid over. */
function laidOver(id: string, backups: readonly BackupInfo[]): string[] {
  const children = new Map<string, string[]>();
  for (const { backupId, parentBackupId } of backups) {
    if (parentBackupId === null) continue;
    children.set(parentBackupId, [...(children.get(parentBackupId) ?? []), backupId]);
  }
  const found = new Set([id]);
  for (const parent of found) for (const child of children.get(parent) ?? []) found.add(child);
  return [...found].slice(1).reverse();
}
