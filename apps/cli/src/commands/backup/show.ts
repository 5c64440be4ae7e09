// nadb backup show ID
import { directoryTarget, Repository } from "@nadb/backup";
import { checkName } from "@nadb/core";
import type { Command } from "commander";
import type { Begin, Session } from "../../session.js";
import { infoText } from "./info.js";

export function addShow(backup: Command, begin: Begin): void {
  backup
    .command("show")
    .description("what a backup's manifest says")
    .argument("<id>")
    .action((id: string, _: object, command: Command) => showBackup(begin(command), id));
}

async function showBackup({ flags, output }: Session, id: string): Promise<void> {
  checkName("backup id", id);
  const repository = await Repository.open(directoryTarget(flags.repo));
  const info = await repository.get(id);
  await output.result(info, infoText(info));
}
