// A manager for commands that only read backups. They need no store, so an empty one in memory stands in for it, and
// they never make a repository.
import { BackupManager, directoryTarget, Repository } from "@nadb/backup";
import { KeyValueStore, memoryBackend } from "@nadb/core";
import type { Flags, Session } from "../../session.js";

/** Throws NADB_NOT_A_REPOSITORY where there is none. */
export const openReader = async ({ flags }: Session): Promise<BackupManager> =>
  openManager(flags, await emptyStore(flags));

/** As `BackupManager.open`, but throws NADB_NOT_A_REPOSITORY where there is none. */
export async function openManager({ repo }: Flags, store: KeyValueStore): Promise<BackupManager> {
  const target = directoryTarget(repo);
  await Repository.open(target);
  return BackupManager.open({ store, target });
}

export const emptyStore = ({ db, namespace }: Flags): Promise<KeyValueStore> =>
  KeyValueStore.open({ backend: memoryBackend(), db, namespace });
