// The options of nadb backup create, checked; sets share them.
import { CODEC_NAMES, type Compression, type Format, WRITABLE_FORMATS } from "@nadb/backup";
import { checkName, invalidArgument } from "@nadb/core";
import { type Command, Option } from "commander";
import { allNamespaces } from "./all-namespaces.js";

export interface Options {
  readonly allNamespaces?: true;
  readonly label?: string;
  readonly format: Format;
  readonly compression: Compression;
  readonly incremental?: true;
  readonly parent?: string;
  readonly fallbackToFull?: true;
  readonly skipUnchanged?: true;
}

export function addCreateOptions(command: Command): Command {
  return command
    .addOption(allNamespaces("a backup of each namespace, or of each of --db, under one label"))
    .option("--label <name>", "what it is taken for; several backups may have one label")
    .option("--incremental", "only what has changed since its parent, deletes included")
    .option("--parent <id>", "the backup to go on from; else the newest of this namespace")
    .option("--fallback-to-full", "a full backup where an incremental one is not possible")
    .option("--skip-unchanged", "no backup when nothing has changed since the parent")
    .addOption(
      new Option("--format <format>", "json: a line of JSON for each record, for other programs")
        .choices(WRITABLE_FORMATS)
        .default("pack"),
    )
    .addOption(
      new Option("--compression <codec>", "zstd is written by Node 22.15 and later, read by any")
        .choices(CODEC_NAMES)
        .default(true, "gzip"),
    )
    .option("--no-compression", "store the records as they are");
}

/** What goes with --incremental only is refused for sets, too. */
export function checkOptions(
  id: string | undefined,
  { incremental, label, ...options }: Options,
): void {
  if (label !== undefined) checkName("label", label);
  for (const name of [id, options.parent]) if (name !== undefined) checkName("backup id", name);
  const given = {
    "--parent": options.parent,
    "--fallback-to-full": options.fallbackToFull,
    "--skip-unchanged": options.skipUnchanged,
  };
  for (const [flag, value] of Object.entries(given)) {
    if (incremental || value === undefined) continue;
    throw invalidArgument(`${flag} is for incremental backups`, "add --incremental");
  }
}

/** How the files of backups are written. */
export const howToWrite = ({ format, compression }: Options) => ({ format, compression });
