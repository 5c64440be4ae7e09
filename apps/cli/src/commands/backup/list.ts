// nadb backup list
import { Repository, readPins } from "@nadb/backup";
import type { Command } from "commander";
import { targetOf } from "../../open-target.js";
import type { Begin, Session } from "../../session.js";
import { listText } from "./info.js";

export function addList(backup: Command, begin: Begin): void {
  backup
    .command("list")
    .description("list the backups in the repository, oldest first")
    .action((_: object, command: Command) => listBackups(begin(command)));
}

async function listBackups({ flags, output }: Session): Promise<void> {
  const repository = await Repository.open(await targetOf(flags));
  const { backups, findings } = await repository.scan();
  if (backups.length === 0) output.note("no backups yet");
  for (const { backupId, detail } of findings)
    output.note(`${backupId} can not be read: ${detail}`);
  const pins = await readPins(repository.target, backups);
  const reasons = new Map(pins.map(({ backupId, reason }) => [backupId, reason]));
  await output.result({ backups, findings, pins }, listText(backups, reasons));
}
