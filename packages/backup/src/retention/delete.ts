// Deleting one backup that others may be laid over: refused, or they are merged with it first. INVARIANT: wherever this
// dies, what is laid over the backup can be restored.
import { consolidate } from "../consolidate.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { checkNotPinned } from "./pin-file.js";

export interface DeleteBackupOptions extends LongWork {
  /** Merge the backup into those that are laid over it, which stay. Default false: refused while there are any. */
  readonly consolidate?: boolean;
  /** Delete it even if it is pinned. Default false. */
  readonly force?: boolean;
}

/**
 * Throws NADB_NOT_FOUND for an unknown id, NADB_CONFLICT while it is pinned or incrementals hang on it, NADB_LOCKED while
 * somebody works on it, with `consolidate` NADB_CORRUPTION where it can not be merged.
 */
export async function deleteBackup(
  repository: Repository,
  backupId: string,
  { consolidate: merge = false, force = false, ...work }: DeleteBackupOptions = {},
): Promise<void> {
  if (!force) await checkNotPinned(repository.target, backupId);
  if (merge) await mergeIntoChildren(repository, backupId, work);
  await repository.delete(backupId, { force });
}

async function mergeIntoChildren(
  repository: Repository,
  backupId: string,
  work: LongWork,
): Promise<void> {
  const backups = await repository.list();
  const children = backups.filter((info) => info.parentBackupId === backupId);
  if (children.length === 0) return;
  const { parentBackupId: onto } = await repository.get(backupId);
  for (const child of children) {
    await consolidate({ repository, ...repository.host }, child.backupId, { onto, ...work });
  }
}
