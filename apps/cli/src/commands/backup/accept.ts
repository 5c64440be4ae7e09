// nadb backup accept ID: somebody has looked at what is unusual about a backup; older ones are not held any more.
import { acceptBackup, Repository } from "@nadb/backup";
import { checkName } from "@nadb/core";
import type { Command } from "commander";
import { printable } from "../../format.js";
import { targetOf } from "../../open-target.js";
import type { Begin, Session } from "../../session.js";

interface Options {
  readonly reason?: string;
}

export function addAccept(backup: Command, begin: Begin): void {
  backup
    .command("accept")
    .description("say that an unusual backup is as it should be; it is usual from then on")
    .argument("<id>")
    .option("--reason <text>", "why it is")
    .action((id: string, options: Options, command: Command) =>
      accept(begin(command), id, options),
    );
}

async function accept({ flags, output }: Session, id: string, options: Options): Promise<void> {
  checkName("backup id", id);
  const repository = await Repository.open(await targetOf(flags));
  const made = await acceptBackup(repository, id, options);
  const why = made.reason === null ? "" : `: ${printable(made.reason)}`;
  await output.result(made, `accepted ${id}${why}`);
}
