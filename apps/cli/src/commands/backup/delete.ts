// nadb backup delete ID
import { directoryTarget, Repository } from "@nadb/backup";
import { checkName } from "@nadb/core";
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
  const info = await repository.get(id);
  await confirmPlan(session, {
    question: `Delete the backup ${id} for good?`,
    fields: [
      ["delete", `${id} of ${info.timestamp}`],
      ["holding", `${plural(info.recordCount, "record")}, ${formatBytes(info.totalSize)}`],
      ["from", flags.repo],
    ],
  });
  await repository.delete(id);
  await output.result(
    { backupId: id, deleted: true },
    `deleted ${id}, ${formatBytes(info.storedSize)}`,
  );
}
