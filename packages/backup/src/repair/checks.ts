// What a step of a repair looks at anew before it changes anything, and the leases it does so under.
import { NadbError, quote } from "@nadb/core";
import type { Lease } from "../lease.js";
import { backupsBeingRead } from "../readers.js";
import type { Repository } from "../repository.js";
import { type Folder, readFolder, readFolders } from "./folders.js";

/**
 * The folder as it is now. Throws NADB_CONFLICT when its manifest is another than the plan has seen, NADB_LOCKED while
 * somebody writes there.
 */
export async function unchanged(
  repository: Repository,
  backupId: string,
  seen: string,
): Promise<Folder> {
  const folder = await unchangedUnderLease(repository, backupId, seen);
  if (!folder.isBusy) return folder;
  throw new NadbError("NADB_LOCKED", `somebody is writing in the folder of ${quote(backupId)}`, {
    hint: "repair again when they are done",
  });
}

/** As `unchanged`, where the writer is this process. */
export async function unchangedUnderLease(
  { target, host }: Repository,
  backupId: string,
  seen: string,
): Promise<Folder> {
  const folder = await readFolder(target, backupId, host);
  if (folder.fault?.code === "NADB_IO") throw folder.fault;
  if (folder.names.length === 0 || folder.seen !== seen) throw changed(backupId);
  return folder;
}

export const changed = (name: string): NadbError =>
  new NadbError("NADB_CONFLICT", `${quote(name)} is not what it was any more`, {
    hint: "make a new plan",
  });

/** By id, the manifests (`seen`) of the backups that a plan takes away. */
export type Going = ReadonlyMap<string, string>;

/**
 * Throws NADB_LOCKED while a restore or another reader needs it, NADB_CONFLICT while a backup that the plan does not take
 * away does.
 */
export async function checkUnneeded(
  { target, host }: Repository,
  backupId: string,
  going: Going = new Map(),
): Promise<void> {
  if ((await backupsBeingRead(target, host.clock())).has(backupId)) {
    throw new NadbError("NADB_LOCKED", `somebody is reading ${quote(backupId)}`, {
      hint: "repair again when they are done",
    });
  }
  const folders = await readFolders(target, host);
  const child = folders.find(
    ({ backupId: id, info, seen }) => info?.parentBackupId === backupId && going.get(id) !== seen,
  );
  if (child === undefined) return;
  throw new NadbError("NADB_CONFLICT", `${quote(child.backupId)} is laid over ${quote(backupId)}`, {
    hint: "make a new plan",
  });
}

/** Released at the end of its scope; one that can not be ends by itself. */
export const scoped = (lease: Lease): AsyncDisposable => ({
  [Symbol.asyncDispose]: () => lease.release().catch(() => undefined),
});
