// The command line: global flags, which may stand before or after the command, and the commands.
import { Command, Option } from "commander";
import { version } from "../package.json";
import { addBackupCommands } from "./commands/backup/index.js";
import { addChanges } from "./commands/changes.js";
import { addCopy } from "./commands/copy.js";
import { addDelete } from "./commands/delete.js";
import { addDrop } from "./commands/drop.js";
import { addExport } from "./commands/export.js";
import { addGet } from "./commands/get.js";
import { addImport } from "./commands/import.js";
import { addKeys } from "./commands/keys.js";
import { collect } from "./commands/option-values.js";
import { addSchedule } from "./commands/schedule.js";
import { addSet } from "./commands/set.js";
import { addStats } from "./commands/stats.js";
import { addSweep } from "./commands/sweep.js";
import { addTags } from "./commands/tags.js";
import { addPersist, addTouch } from "./commands/touch.js";
import { type Begin, beginSession, type Flags, type Terminal } from "./session.js";
import { applyConfig } from "./settings.js";

/** Errors of usage are thrown as CommanderError; nothing is printed but the help that was asked for. */
export function buildProgram(terminal: Terminal, signal: AbortSignal): Command {
  const program = new Command("nadb")
    .description("A key-value store whose backups can be trusted.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show how a command is used")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: () => undefined, // told once, by failure.ts
    })
    .configureHelp({ showGlobalOptions: true })
    .hook("preAction", applyConfig);
  for (const option of globalOptions()) program.addOption(option);
  const begin: Begin = (command) =>
    beginSession({ ...off, ...command.optsWithGlobals<Flags>() }, terminal, signal);
  for (const add of allCommands) add(program, begin);
  return program;
}

const off = { json: false, yes: false, quiet: false };

const allCommands = [
  addSet,
  addGet,
  addDelete,
  addTouch,
  addPersist,
  addKeys,
  addTags,
  addChanges,
  addStats,
  addSweep,
  addDrop,
  addImport,
  addExport,
  addCopy,
  addBackupCommands,
  addSchedule,
];

function globalOptions(): Option[] {
  return [
    new Option(
      "--store <url>",
      "the store: fs:<folder>, redis://<host>, memory:, or what a plugin knows",
    )
      .env("NADB_STORE")
      .default("fs:./data"),
    new Option("--db <name>", "the database in the store").default("default"),
    new Option("--namespace <name>", "the namespace in the database").default("default"),
    new Option(
      "--repo <place>",
      "where the backups are: a folder, or a store's <url>#<db>/<namespace>",
    )
      .env("NADB_REPO")
      .default("./backups"),
    new Option("--plugin <name>", "a backend's package or file; repeat it for more")
      .env("NADB_PLUGINS")
      .argParser(collect)
      .default([], "none"),
    new Option("--config <file>", "settings; else nadb.config.json here or in a folder above"),
    new Option("--json", "print JSON instead of text: one document, or with changes one a line"),
    new Option("-y, --yes", "do what destroys without asking"),
    new Option("-q, --quiet", "no progress and no notes"),
    new Option("--no-color", "no colours; NO_COLOR=1 does the same"),
  ];
}
