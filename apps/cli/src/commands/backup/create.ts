// nadb backup create [ID]: a full backup, or with --incremental what has changed since its parent.
import { type BackupInfo, BackupManager } from "@nadb/backup";
import { isNadbError, type KeyValueStore, NadbError } from "@nadb/core";
import type { Command } from "commander";
import { HeldBack } from "../../held-back.js";
import { targetOf } from "../../open-target.js";
import { ProgressLine } from "../../progress.js";
import { type Begin, openStore, type Session } from "../../session.js";
import { dbOf } from "./all-namespaces.js";
import { createSet } from "./create-all.js";
import { addCreateOptions, checkOptions, howToWrite, type Options } from "./create-options.js";
import { infoText } from "./info.js";
import { openManager } from "./reader.js";
import { checkUsual, unusualAmong } from "./unusual.js";

export function addCreate(backup: Command, begin: Begin): void {
  const command = backup
    .command("create")
    .description("take a backup; writers may go on meanwhile")
    .argument("[id]", "its name, or the label of a set; chosen by the time if left out");
  addCreateOptions(command).action((id: string | undefined, options: Options, command: Command) =>
    options.allNamespaces
      ? createSet(begin(command), id, options, dbOf(command))
      : createBackup(begin(command), id, options),
  );
}

/** The store is opened before the repository: without a store no repository is made either. */
async function createBackup(
  session: Session,
  id: string | undefined,
  options: Options,
): Promise<void> {
  checkOptions(id, options);
  const { output } = session;
  await using store = await openStore(session, { create: false });
  const manager = await managerFor(session, store, options);
  const parent = options.incremental ? await parentFor(manager, store, options) : undefined;
  const { info, instead } = await take(session, manager, { id, parent, options });
  const created = info.backupId !== parent;
  for (const note of notesOn(info, parent, store, options, instead)) output.note(note);
  const text = created ? infoText(info) : `nothing has changed since ${parent}: no backup was made`;
  const unusual = created ? await unusualAmong(manager.repository, [info.backupId]) : [];
  const anomalies = unusual.flatMap((one) => one.anomalies);
  await output.result({ ...info, created, anomalies }, text);
  checkUsual(unusual);
  checkFallback(info, instead);
}

/** A parent that is damaged is told for longer than a note is read. */
function checkFallback({ backupId }: BackupInfo, instead: NadbError | undefined): void {
  if (!isNadbError(instead, "NADB_CORRUPTION")) return;
  throw new HeldBack(
    `${backupId} is there, and a full backup: ${instead.message}`,
    "nadb backup repair --dry-run tells what else depends on the damage",
  );
}

/** A repository is made only for what may be its first backup. */
async function managerFor(
  { flags }: Session,
  store: KeyValueStore,
  { incremental, parent, fallbackToFull }: Options,
): Promise<BackupManager> {
  const mayBeFirst = !incremental || (fallbackToFull && parent === undefined);
  if (!mayBeFirst) return openManager(flags, store);
  return BackupManager.open({ store, target: await targetOf(flags, { create: true }) });
}

/** The id of the parent; undefined when there is none and a full backup may take its place. */
async function parentFor(
  manager: BackupManager,
  { db, namespace }: KeyValueStore,
  { parent, fallbackToFull }: Options,
): Promise<string | undefined> {
  if (parent !== undefined) return parent;
  const backups = await manager.listBackups();
  const newest = backups.findLast(
    ({ sourceDb, sourceNamespace, salvagedFrom }) =>
      sourceDb === db && sourceNamespace === namespace && salvagedFrom === undefined,
  );
  if (newest !== undefined || fallbackToFull) return newest?.backupId;
  throw new NadbError("NADB_NOT_FOUND", `there is no backup of ${db}/${namespace} to go on from`, {
    hint: "take a full backup first: leave out --incremental, or add --fallback-to-full",
  });
}

interface Wanted {
  readonly id: string | undefined;
  readonly parent: string | undefined;
  readonly options: Options;
}

interface Taken {
  readonly info: BackupInfo;
  /** Why it is a full backup though an incremental was wanted. */
  readonly instead?: NadbError | undefined;
}

async function take(
  { output, signal }: Session,
  manager: BackupManager,
  { id, parent, options }: Wanted,
): Promise<Taken> {
  using line = new ProgressLine(output);
  const { label, fallbackToFull = false, skipUnchanged = false } = options;
  const chosen = { ...(id && { backupId: id }), ...(label && { label }) };
  const work = { ...chosen, ...howToWrite(options), signal, onProgress: line.show };
  if (parent === undefined) return { info: await manager.createBackup(work) };
  let instead: NadbError | undefined;
  const onFallback = (why: NadbError): void => {
    instead = why;
  };
  const how = { ...work, fallbackToFull, skipUnchanged, onFallback };
  try {
    return { info: await manager.createIncrementalBackup(parent, how), instead };
  } catch (error) {
    throw withHint(error);
  }
}

/** What to do about it at the command line. */
function withHint(error: unknown): unknown {
  const full = "take a full backup: leave out --incremental, or add --fallback-to-full";
  if (isNadbError(error, "NADB_CHECKPOINT_EXPIRED"))
    return new NadbError(error.code, error.message, { hint: full, cause: error });
  if (!isNadbError(error, "NADB_CORRUPTION")) return error;
  const hint = `${full}; or name a sound backup with --parent`;
  return new NadbError(error.code, error.message, { hint, cause: error });
}

/** What the manifest alone does not tell. */
function notesOn(
  info: BackupInfo,
  parent: string | undefined,
  { db, namespace }: KeyValueStore,
  { incremental }: Options,
  instead: NadbError | undefined,
): string[] {
  const isFull = info.backupType === "full";
  if (info.backupId === parent) return [];
  const notes: string[] = [];
  if (incremental && parent === undefined)
    notes.push(`there is no backup of ${db}/${namespace} to go on from: this is a full one`);
  if (isNadbError(instead, "NADB_CHECKPOINT_EXPIRED"))
    notes.push(`the store can not tell what has changed since ${parent}: this is a full backup`);
  if (isFull && info.recordCount === 0)
    notes.push(`${db}/${namespace} is empty, and so is this backup`);
  if (!isFull && info.fileCount === 0)
    notes.push(`nothing has changed since ${parent}: this backup is empty`);
  return notes;
}
