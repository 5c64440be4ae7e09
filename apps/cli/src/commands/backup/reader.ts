// Where the commands that read backups find them. They never make a repository, and no store is needed but to compare
// with what is live.
import { BackupManager, Repository } from "@nadb/backup";
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { targetOf } from "../../open-target.js";
import type { Flags, Session } from "../../session.js";

/** Throws NADB_NOT_A_REPOSITORY where there is none. */
export const openRepository = async ({ flags }: Session): Promise<Repository> =>
  Repository.open(await targetOf(flags));

/** As `BackupManager.open`, but throws NADB_NOT_A_REPOSITORY where there is none. */
export const openManager = async (flags: Flags, store: KeyValueStore): Promise<BackupManager> =>
  BackupManager.open({ store, target: await targetOf(flags), create: false });

/** What a restore into a store that is yet to be made is planned against. */
export const emptyStore = ({ db, namespace }: Flags): Promise<KeyValueStore> =>
  KeyValueStore.open({ backend: memoryBackend(), db, namespace });
