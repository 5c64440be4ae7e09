// nadb backup pin ID, nadb backup unpin ID: what is pinned neither prune nor delete removes.
import { pinBackup, Repository, unpinBackup } from "@nadb/backup";
import type { Command } from "commander";
import { printable } from "../../format.js";
import { targetOf } from "../../open-target.js";
import type { Begin, Session } from "../../session.js";

interface Options {
  readonly reason?: string;
}

export function addPin(backup: Command, begin: Begin): void {
  backup
    .command("pin")
    .description("keep a backup whatever the rules of prune say, until it is unpinned")
    .argument("<id>")
    .option("--reason <text>", "what for; prune and list show it")
    .action((id: string, options: Options, command: Command) => pin(begin(command), id, options));
}

export function addUnpin(backup: Command, begin: Begin): void {
  backup
    .command("unpin")
    .description("let the rules of prune decide about a backup again")
    .argument("<id>")
    .action((id: string, _: object, command: Command) => unpin(begin(command), id));
}

async function pin({ flags, output }: Session, id: string, options: Options): Promise<void> {
  const repository = await Repository.open(await targetOf(flags));
  const made = await pinBackup(repository, id, options);
  const why = made.reason === null ? "" : `: ${printable(made.reason)}`;
  await output.result(made, `pinned ${id}${why}`);
}

async function unpin({ flags, output }: Session, id: string): Promise<void> {
  const repository = await Repository.open(await targetOf(flags));
  const unpinned = await unpinBackup(repository, id);
  await output.result(
    { backupId: id, unpinned },
    unpinned ? `unpinned ${id}` : `${id} was not pinned`,
  );
}
