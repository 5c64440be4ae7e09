// nadb backup restore ID, or --at TIME, or --point ID. INVARIANT: the backup is read whole and proven before a missing store is made, and before a
// present one is touched; its plan comes from the same reading.
import { BackupManager, type LongWork, Repository, type RestorePlan } from "@nadb/backup";
import { isNadbError, type KeyValueStore, NadbError } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../../confirm.js";
import { usageError } from "../../failure.js";
import { formatFields, secondsSince } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { ProgressLine } from "../../progress.js";
import { type Begin, openStore, type Session } from "../../session.js";
import { dbOf } from "./all-namespaces.js";
import { damageError } from "./damage.js";
import { emptyStore } from "./reader.js";
import { restoreSet } from "./restore-all.js";
import {
  addRestoreOptions,
  checkRestoreOptions,
  libraryOptions,
  type Options,
  selectionText,
  selects,
} from "./restore-options.js";
import { planInWords, restorationText } from "./restore-plan.js";
import { chooseRestored, type Restored } from "./restored.js";

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
  checkRestoreOptions(options);
  const repository = await Repository.open(await targetOf(session.flags));
  const { what, info } = await chooseRestored(session, repository, id, options);
  await using present = await presentStore(session);
  const head = (await present?.storage.head()) ?? { count: 0, bytes: 0 };
  const isPlanned = options.verify || options.dryRun === true;
  const plan = isPlanned ? await planOf(session, present, what, options) : undefined;
  if (plan !== undefined) checkSelected(plan, options);
  const words = planInWords(session, { info, head, plan }, options);
  if (plan !== undefined && options.dryRun)
    return session.output.result(plan, formatFields(words.fields));
  if (head.count > 0 && options.onConflict !== "keep-existing") await confirmPlan(session, words);
  await using made = present ? undefined : await openStore(session, { create: true });
  await load(session, (present ?? made) as KeyValueStore, what, options);
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

const managerOf = async ({ flags }: Session, store: KeyValueStore): Promise<BackupManager> =>
  BackupManager.open({ store, target: await targetOf(flags) });

/** Reads all of the backup. For a store that is yet to be made an empty one stands in. */
async function planOf(
  session: Session,
  present: KeyValueStore | undefined,
  what: Restored["what"],
  options: Options,
): Promise<RestorePlan> {
  const { flags, output, signal } = session;
  const manager = await managerOf(session, present ?? (await emptyStore(flags)));
  using line = new ProgressLine(output);
  const work = { signal, onProgress: line.show };
  try {
    const how = { ...libraryOptions(options), ...work };
    return await (typeof what === "string"
      ? manager.planRestore(what, how)
      : manager.planRestore(what, how));
  } catch (error) {
    const isDamage =
      isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_NEWER_FORMAT");
    const isNamed = typeof what === "string";
    const verification = isDamage && isNamed ? await manager.verifyBackup(what, work) : undefined;
    if (verification === undefined || verification.ok) throw error; // of the target, not of the backup
    throw damageError([verification]);
  }
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

async function load(
  session: Session,
  store: KeyValueStore,
  what: Restored["what"],
  options: Options,
): Promise<void> {
  const { output, signal } = session;
  const started = performance.now();
  const manager = await managerOf(session, store);
  using line = new ProgressLine(output);
  const work = { signal, onProgress: line.show };
  const safety = options.safetyBackup ? await safetyBackup(manager, work) : undefined;
  // Read whole for the plan; what is loaded is proven again before it shows.
  const how = { ...libraryOptions(options), ...work, verifyIntegrity: false };
  const restoration = await (typeof what === "string"
    ? manager.restoreBackup(what, how)
    : manager.restoreBackup(what, how));
  line.clear();
  const text = restorationText(restoration, secondsSince(started));
  const saved = safety === undefined ? {} : { safetyBackupId: safety };
  const told = safety === undefined ? text : `${text}\n${safetyText(safety)}`;
  await output.result({ ...restoration, ...saved }, told);
}

/** The id of a full backup of what is there; null when there is nothing. */
async function safetyBackup(manager: BackupManager, work: LongWork): Promise<string | null> {
  if ((await manager.storage.head()).count === 0) return null;
  const time = new Date().toISOString().replace(/[-:.]/g, "");
  return (await manager.createBackup({ ...work, backupId: `safety-${time}` })).backupId;
}

const safetyText = (id: string | null): string =>
  id === null ? "nothing was there for a safety backup" : `safety backup ${id}`;
