// nadb backup delete ID
import { directoryTarget, Repository } from "@nadb/backup";
import { checkName, isNadbError } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../../confirm.js";
import { formatBytes, plural } from "../../format.js";
import type { Begin, Session } from "../../session.js";

export function addDelete(backup: Command, begin: Begin): void {
  backup
    .command("delete")
    .description("delete a backup for good")
    .argument("<id>")
    .action((id: string, _: object, command: Command) => deleteBackup(begin(command), id));
}

async function deleteBackup(session: Session, id: string): Promise<void> {
  const { flags, output } = session;
  checkName("backup id", id);
  const repository = await Repository.open(directoryTarget(flags.repo));
  await confirmPlan(session, {
    question: `Delete the backup ${id} for good?`,
    fields: [
      ["delete", id],
      ["holding", await contentOf(repository, id)],
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
