// nadb backup restore ID, or --at TIME, or --point ID. INVARIANT: the backup is read whole and proven before a missing store is
// made, and before a present one is touched; its plan comes from the same reading. One lease holds it from the plan over the
// question to the end.
import type { BackupManager, LongWork, RestorePlan } from "@nadb/backup";
import { isNadbError, type KeyValueStore, NadbError } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../../confirm.js";
import { usageError } from "../../failure.js";
import { formatFields, secondsSince } from "../../format.js";
import { ProgressLine } from "../../progress.js";
import { type Begin, openStore, type Session } from "../../session.js";
import { dbOf } from "./all-namespaces.js";
import { emptyStore, openManager } from "./reader.js";
import { restoreSet } from "./restore-all.js";
import {
  addRestoreOptions,
  checkRestoreOptions,
  type Options,
  selectionText,
  selects,
} from "./restore-options.js";
import { planInWords, restorationText } from "./restore-plan.js";
import {
  type Beyond,
  beyondNewest,
  documentOf,
  explained,
  type Prepared,
  pointOf,
  pointText,
  prepare,
  type Restored,
  restoredBy,
} from "./restored.js";

export function addRestore(backup: Command, begin: Begin): void {
  const command = backup
    .command("restore")
    .description("bring a backup's records back, all at once; the store is made if there is none")
    .argument(
      "[id]",
      "the backup; with --all-namespaces the label of a set; with --at or --point none",
    );
  addRestoreOptions(command).action(
    (id: string | undefined, options: Options, command: Command) => {
      const session = begin(command);
      if (!options.allNamespaces) return restore(session, id, options);
      if (id === undefined || options.at !== undefined || options.point !== undefined)
        throw usageError("--all-namespaces restores a set: name its label, and no time or point");
      return restoreSet(session, id, options, dbOf(command));
    },
  );
}

async function restore(session: Session, id: string | undefined, options: Options): Promise<void> {
  const { flags, output } = session;
  checkRestoreOptions(options);
  const what = restoredBy(id, options);
  await using present = await presentStore(session);
  const manager = await openManager(flags, present ?? (await emptyStore(flags)));
  await using prepared = await prepare(session, manager, what, options);
  const beyond = await beyondNewest(session, manager, what);
  const isPlanned = options.verify || options.dryRun === true;
  const plan = isPlanned ? await planOf(session, manager, what, prepared) : undefined;
  if (plan !== undefined) checkSelected(plan, options);
  const head = await manager.storage.head();
  const { info } = prepared;
  const words = planInWords(session, { info, point: pointOf(prepared), head, plan }, options);
  if (plan !== undefined && options.dryRun)
    return output.result(documentOf(prepared, plan, beyond), formatFields(words.fields));
  if (head.count > 0 && options.onConflict !== "keep-existing") await confirmPlan(session, words);
  await using made = present ? undefined : await openStore(session, { create: true });
  const into = made ? await openManager(flags, made) : manager;
  await load(session, into, { prepared, beyond }, options);
}

/** The target if it is there; nothing is made. */
async function presentStore(session: Session): Promise<KeyValueStore | undefined> {
  try {
    return await openStore(session, { create: false });
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_A_STORE")) return undefined;
    throw error;
  }
}

/** Reads all of the backup. For a store that is yet to be made an empty one stands in. */
async function planOf(
  session: Session,
  manager: BackupManager,
  what: Restored,
  prepared: Prepared,
): Promise<RestorePlan> {
  const { output, signal } = session;
  using line = new ProgressLine(output);
  const work = { signal, onProgress: line.show };
  return await explained(session, manager, what, () => prepared.plan(work), work);
}

/** A selection mistyped must not empty the store. */
function checkSelected(plan: RestorePlan, options: Options): void {
  const { backupId, add, change, same, skip, expired } = plan;
  if (!options.clear || !selects(options) || add + change + same + skip + expired > 0) return;
  throw new NadbError(
    "NADB_NOT_FOUND",
    `the backup ${backupId} holds nothing of what was asked for: ${selectionText(options)}`,
    { hint: `nadb backup keys ${backupId} lists what it holds` },
  );
}

/** @param manager of the target. */
async function load(
  { output, signal }: Session,
  manager: BackupManager,
  { prepared, beyond }: { readonly prepared: Prepared; readonly beyond: Beyond | undefined },
  options: Options,
): Promise<void> {
  const started = performance.now();
  using line = new ProgressLine(output);
  const work = { signal, onProgress: line.show };
  const safety = options.safetyBackup ? await safetyBackup(manager, work) : undefined;
  const restoration = await prepared.execute({ ...work, into: manager.storage });
  line.clear();
  const point = pointOf(prepared);
  const told = [
    restorationText(restoration, secondsSince(started)),
    ...(point === undefined ? [] : [pointText(point)]),
    ...(safety === undefined ? [] : [safetyText(safety)]),
  ];
  const saved = safety === undefined ? {} : { safetyBackupId: safety };
  await output.result({ ...documentOf(prepared, restoration, beyond), ...saved }, told.join("\n"));
}

/** The id of a full backup of what is there; null when there is nothing. */
async function safetyBackup(manager: BackupManager, work: LongWork): Promise<string | null> {
  if ((await manager.storage.head()).count === 0) return null;
  const time = new Date().toISOString().replace(/[-:.]/g, "");
  return (await manager.createBackup({ ...work, backupId: `safety-${time}` })).backupId;
}

const safetyText = (id: string | null): string =>
  id === null ? "nothing was there for a safety backup" : `safety backup ${id}`;
