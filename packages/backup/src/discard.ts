// What becomes of a backup that failed. INVARIANT: while the lease holds all of it goes; once that is lost only what nobody can
// use goes, under a lease taken anew: what whoever took over has made is never touched.
import { NadbError, quote } from "@nadb/core";
import { readIndexIds, rewriteIndex } from "./index-file.js";
import type { Lease } from "./lease.js";
import { type BackupInfo, manifestChecksumOf } from "./manifest.js";
import { MANIFEST_FILE } from "./paths.js";
import type { Repository } from "./repository.js";

/**
 * Removes what a failed backup has written. The failure that led here is the one to tell; what stays beside a lease is swept
 * by the next run.
 *
 * @param written the manifest, once there is one, whatever its place; it may stand there.
 */
export async function discard(
  repository: Repository,
  lease: Lease,
  written?: BackupInfo,
): Promise<void> {
  try {
    if (!(await lease.isOurs())) return await removeRemains(repository, lease.backupId, written);
    if (written !== undefined) await forget(repository, lease.backupId).catch(() => undefined); // the next one does
    await repository.remove(lease.backupId, lease);
  } catch {
    // See above.
  }
}

/** It may have been published. */
async function forget(repository: Repository, backupId: string): Promise<void> {
  const { target } = repository;
  if (!(await readIndexIds(target)).has(backupId)) return;
  await rewriteIndex(target, await repository.scan(), (index) => index.delete(backupId));
}

/**
 * What was written after somebody had taken over, swept the folder and gone: a manifest without its data, or data that would
 * pass for a backup that lost its manifest. Leaves everything else.
 */
export async function removeRemains(
  repository: Repository,
  backupId: string,
  written?: BackupInfo,
): Promise<void> {
  const isRight = () => isRemains(repository, backupId, written);
  const stillRight = async (): Promise<void> => {
    if (!(await isRight())) throw isWanted(backupId);
  };
  if (await isRight()) await repository.deleteSeveral([backupId], { stillRight });
}

/** A backup that the index names was finished by somebody. */
async function isRemains(
  repository: Repository,
  backupId: string,
  written: BackupInfo | undefined,
): Promise<boolean> {
  const { target } = repository;
  const names = (await target.list(backupId)).map(({ name }) => name);
  if (!names.includes(MANIFEST_FILE)) return !(await readIndexIds(target)).has(backupId);
  if (written === undefined || names.includes(written.dataFile)) return false;
  const there = await repository.get(backupId);
  const { sequence } = there;
  return manifestChecksumOf(there) === manifestChecksumOf({ ...written, sequence });
}

const isWanted = (backupId: string): NadbError =>
  new NadbError("NADB_CONFLICT", `${quote(backupId)} is another backup by now`);
