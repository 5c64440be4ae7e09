// Deleting a backup on a target that takes no file any more, a full disk: nobody can say there that they delete. So the manifest
// goes first, and who lays something over the backup, pins, merges or reads it is looked for once more: they say so before they
// read the manifest, so each of them is seen or finds no backup. INVARIANT: for the first of them the manifest is put back;
// should even that fail, the index still has it for a repair.
import { isNadbError, NadbError } from "@nadb/core";
import type { BackupFolders } from "./backup-folders.js";
import type { DeleteOptions, Scan } from "./catalog.js";
import { checkNoDependents } from "./chain.js";
import { readIndex } from "./index-file.js";
import { type LeaseHost, locked } from "./lease.js";
import { isHeldByAnyone } from "./lease-file.js";
import { manifestChecksumOf } from "./manifest.js";
import { isDataFile, manifestPath } from "./paths.js";
import { checkNotPinned } from "./retention/pin-file.js";
import type { Sweeper } from "./sweeper.js";
import { withUnreachable } from "./unreachable.js";

export interface DeletionHost {
  readonly folders: BackupFolders;
  readonly sweeper: Sweeper;
  readonly host: LeaseHost;
  readonly scan: () => Promise<Scan>;
}

export const NO_ROOM = Symbol("no room");

/** What can not be written because there is no room, or for whatever else the target has. */
export async function unlessFull<T>(write: Promise<T>): Promise<T | typeof NO_ROOM> {
  try {
    return await write;
  } catch (error) {
    if (isNadbError(error, "NADB_IO")) return NO_ROOM;
    throw error;
  }
}

/** The index still names it afterwards. */
export async function deleteUnleased(
  host: DeletionHost,
  backupId: string,
  options: DeleteOptions,
): Promise<void> {
  const { folders } = host;
  const { target } = folders;
  const path = manifestPath(backupId);
  await checkFree(host, backupId, options);
  const manifest = await bytesInIndex(host, backupId);
  await target.remove(path);
  try {
    if ((await target.size(path)) !== undefined) throw locked(backupId);
    await checkFree(host, backupId, options);
  } catch (error) {
    if (manifest !== undefined) await putBack(folders, backupId, manifest);
    throw error;
  }
  await host.sweeper.take(backupId);
}

/** Nobody who matters has said anything. The leases first: what is done under them is there when they are gone. */
async function checkFree(
  deletion: DeletionHost,
  backupId: string,
  options: DeleteOptions,
): Promise<void> {
  const { folders, sweeper, host } = deletion;
  if (await isHeldByAnyone(folders.target, backupId, host.clock())) throw locked(backupId);
  if (await sweeper.isBeingRead(backupId)) throw locked(backupId);
  await checkUnwanted(deletion, backupId, options);
}

/** It is not pinned, nothing is laid over it, and to delete it is still right. */
export async function checkUnwanted(
  { folders: { target }, scan: look }: DeletionHost,
  backupId: string,
  { force, stillRight }: DeleteOptions,
): Promise<void> {
  if (!force) await checkNotPinned(target, backupId);
  const scan = await look();
  checkNoDependents(backupId, await withUnreachable(target, scan), new Set());
  await stillRight?.(scan);
}

/** The manifest, of which the index has a copy; undefined where it is damaged or lost. */
async function bytesInIndex(
  { folders }: DeletionHost,
  backupId: string,
): Promise<Uint8Array | undefined> {
  const info = await folders.manifest(backupId).catch(ifUnreadable);
  if (info === undefined) return undefined;
  const copy = (await readIndex(folders.target))?.get(backupId);
  if (copy !== undefined && manifestChecksumOf(copy) === manifestChecksumOf(info))
    return folders.manifestBytes(backupId);
  throw new NadbError("NADB_IO", `${folders.target.name} takes no file any more`, {
    hint: "make some room: without any, only backups that the index has can be deleted",
  });
}

/** Beside data that are there: somebody may have swept them, and may still be at it. */
export async function putBack(
  folders: BackupFolders,
  backupId: string,
  manifest: Uint8Array,
): Promise<void> {
  const path = manifestPath(backupId);
  const hasData = async () => (await folders.names(backupId)).some(isDataFile);
  if (!(await hasData())) return;
  try {
    await folders.target.write(path, [manifest], { ifAbsent: true });
    if (!(await hasData())) await folders.target.remove(path);
  } catch (error) {
    if (isNadbError(error, "NADB_ALREADY_EXISTS")) return;
    throw new NadbError("NADB_IO", `${path} could not be put back`, {
      hint: "make some room, then repair the repository: its index has a copy",
      cause: error,
    });
  }
}

const UNREADABLE = ["NADB_NOT_FOUND", "NADB_CORRUPTION", "NADB_NEWER_FORMAT"] as const;

export function ifUnreadable(error: unknown): undefined {
  if (!UNREADABLE.some((code) => isNadbError(error, code))) throw error;
}
