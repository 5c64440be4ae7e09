// nadb backup …
import type { Command } from "commander";
import type { Begin } from "../../session.js";
import { addCreate } from "./create.js";
import { addDelete } from "./delete.js";
import { addDiff } from "./diff.js";
import { addGet } from "./get.js";
import { addKeys } from "./keys.js";
import { addList } from "./list.js";
import { addRestore } from "./restore.js";
import { addShow } from "./show.js";
import { addVerify } from "./verify.js";

export function addBackupCommands(program: Command, begin: Begin): void {
  const backup = program
    .command("backup")
    .description("take, list, verify, read, compare and restore backups");
  for (const add of allCommands) add(backup, begin);
}

const allCommands = [
  addCreate,
  addList,
  addShow,
  addVerify,
  addGet,
  addKeys,
  addDiff,
  addRestore,
  addDelete,
];
