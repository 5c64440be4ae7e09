// nadb backup …
import type { Command } from "commander";
import type { Begin } from "../../session.js";
import { addAccept } from "./accept.js";
import { addArchive } from "./archive.js";
import { addConsolidate } from "./consolidate.js";
import { addCreate } from "./create.js";
import { addDelete } from "./delete.js";
import { addDiff } from "./diff.js";
import { addDrill } from "./drill.js";
import { addExportPython } from "./export-python.js";
import { addGet } from "./get.js";
import { addHealth } from "./health.js";
import { addHistory } from "./history.js";
import { addKeys } from "./keys.js";
import { addList } from "./list.js";
import { addPin, addUnpin } from "./pin.js";
import { addPoints } from "./points.js";
import { addPrune } from "./prune.js";
import { addRepair } from "./repair.js";
import { addRestore } from "./restore.js";
import { addShow } from "./show.js";
import { addVerify } from "./verify.js";

export function addBackupCommands(program: Command, begin: Begin): void {
  const backup = program
    .command("backup")
    .description(
      "take, list, verify, read, compare, restore, consolidate and prune backups; archive, to go back to any time",
    );
  for (const add of allCommands) add(backup, begin);
}

const allCommands = [
  addCreate,
  addList,
  addShow,
  addVerify,
  addDrill,
  addHealth,
  addAccept,
  addGet,
  addKeys,
  addDiff,
  addRestore,
  addArchive,
  addPoints,
  addHistory,
  addConsolidate,
  addDelete,
  addPin,
  addUnpin,
  addPrune,
  addRepair,
  addExportPython,
];
