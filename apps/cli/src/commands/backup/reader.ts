// Where the commands that read backups find them. They never make a repository, and no store is needed but to compare
// with what is live.
import { BackupManager, directoryTarget, Repository } from "@nadb/backup";
import { KeyValueStore, memoryBackend } from "@nadb/core";
import type { Flags, Session } from "../../session.js";

/** Throws NADB_NOT_A_REPOSITORY where there is none. */
export const openRepository = ({ flags }: Session): Promise<Repository> =>
  Repository.open(directoryTarget(flags.repo));

/** As `BackupManager.open`, but throws NADB_NOT_A_REPOSITORY where there is none. */
export const openManager = ({ repo }: Flags, store: KeyValueStore): Promise<BackupManager> =>
  BackupManager.open({ store, target: directoryTarget(repo), create: false });

/** What a restore into a store that is yet to be made is planned against. */
export const emptyStore = ({ db, namespace }: Flags): Promise<KeyValueStore> =>
  KeyValueStore.open({ backend: memoryBackend(), db, namespace });
