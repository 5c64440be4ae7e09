// nadb backup list
import { directoryTarget, Repository } from "@nadb/backup";
import type { Command } from "commander";
import type { Begin, Session } from "../../session.js";
import { listText } from "./info.js";

export function addList(backup: Command, begin: Begin): void {
  backup
    .command("list")
    .description("list the backups in the repository, oldest first")
    .action((_: object, command: Command) => listBackups(begin(command)));
}

async function listBackups({ flags, output }: Session): Promise<void> {
  const repository = await Repository.open(directoryTarget(flags.repo));
  const { backups, findings } = await repository.scan();
  if (backups.length === 0) output.note("no backups yet");
  for (const { backupId, detail } of findings)
    output.note(`${backupId} can not be read: ${detail}`);
  await output.result({ backups, findings }, listText(backups));
}
