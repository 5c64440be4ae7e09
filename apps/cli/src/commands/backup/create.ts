// nadb backup create [ID]
import { BackupManager, directoryTarget } from "@nadb/backup";
import { checkName } from "@nadb/core";
import type { Command } from "commander";
import { ProgressLine } from "../../progress.js";
import { type Begin, openStore, type Session } from "../../session.js";
import { infoText } from "./info.js";

interface Options {
  readonly compression: boolean;
}

export function addCreate(backup: Command, begin: Begin): void {
  backup
    .command("create")
    .description("take a full backup; writers may go on meanwhile")
    .argument("[id]", "its name; chosen by the time if left out")
    .option("--no-compression", "store the records as they are")
    .action((id: string | undefined, options: Options, command: Command) =>
      createBackup(begin(command), id, options),
    );
}

/** The store is opened before the repository: without a store no repository is made either. */
async function createBackup(
  session: Session,
  id: string | undefined,
  { compression }: Options,
): Promise<void> {
  const { flags, output, signal } = session;
  if (id !== undefined) checkName("backup id", id);
  await using store = await openStore(session, { create: false });
  const manager = await BackupManager.open({ store, target: directoryTarget(flags.repo) });
  using line = new ProgressLine(output);
  const chosen = id === undefined ? {} : { backupId: id };
  const info = await manager.createBackup({
    ...chosen,
    compression,
    signal,
    onProgress: line.show,
  });
  line.clear();
  if (info.recordCount === 0)
    output.note(`${store.db}/${store.namespace} is empty, and so is this backup`);
  await output.result(info, infoText(info));
}
