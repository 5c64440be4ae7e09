// nadb backup export-python ID DIR: a backup as the Python original reads it, as a full one, in a repository of its own.
import { type BackupInfo, directoryTarget, exportPython, Repository } from "@nadb/backup";
import { checkName } from "@nadb/core";
import type { Command } from "commander";
import { formatBytes, plural } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { ProgressLine } from "../../progress.js";
import { type Begin, checkRepositoryPath, type Session } from "../../session.js";

interface Options {
  readonly compression: boolean;
}

export function addExportPython(backup: Command, begin: Begin): void {
  backup
    .command("export-python")
    .description("write what a backup restores to as a full backup for the Python original")
    .argument("<id>")
    .argument(
      "<dir>",
      "a new or empty folder, or a repository of the original, to which it is added",
    )
    .option("--no-compression", "data.json instead of data.json.gz")
    .action((id: string, folder: string, options: Options, command: Command) =>
      exportBackup(begin(command), id, folder, options),
    );
}

async function exportBackup(
  session: Session,
  id: string,
  folder: string,
  options: Options,
): Promise<void> {
  const { flags, output } = session;
  checkName("backup id", id);
  checkRepositoryPath(folder);
  const repository = await Repository.open(await targetOf(flags));
  const info = await write(session, repository, id, folder, options);
  const { recordCount, totalSize } = info;
  const text = `exported ${plural(recordCount, "record")}, ${formatBytes(totalSize)}, to ${folder}/${id}/${info.dataFile}`;
  await output.result(info, text);
}

async function write(
  { output, signal }: Session,
  repository: Repository,
  id: string,
  folder: string,
  { compression }: Options,
): Promise<BackupInfo> {
  using line = new ProgressLine(output);
  const options = { compression, signal, onProgress: line.show };
  return await exportPython(repository, id, directoryTarget(folder), options);
}
