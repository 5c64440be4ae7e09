// What a new set finds in its repository: the parents that its backups can go on from, a set that nothing has changed
// since, a label that is in use.
import { isNadbError, NadbError, type NamespaceId, quote, type StorageNamespace } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import { isSound } from "../parent.js";
import type { Repository } from "../repository.js";
import { type NamespaceSource, newestSetOf } from "./set.js";

/** The newest backup of the namespace whose chain is sound as far as is known, and since which the store can tell what has changed. */
export async function parentFor(
  repository: Repository,
  storage: StorageNamespace,
  backups: readonly BackupInfo[],
): Promise<string | undefined> {
  for (const info of backups.filter((one) => isOf(one, storage.id)).reverse()) {
    if (await canBeParent(repository, storage, info)) return info.backupId;
  }
  return undefined;
}

const isOf = ({ sourceDb, sourceNamespace }: BackupInfo, id: NamespaceId): boolean =>
  sourceDb === id.db && sourceNamespace === id.namespace;

async function canBeParent(
  repository: Repository,
  storage: StorageNamespace,
  info: BackupInfo,
): Promise<boolean> {
  try {
    for await (const _ of storage.changes(info.toCheckpoint, { pageBytes: 1 })) break;
    return await isSound(repository, info);
  } catch (error) {
    if (isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) return false;
    throw error;
  }
}

/** The newest whole set of these namespaces, if it holds just what they hold now, and nothing of it is known to be damaged. */
export async function unchangedSet(
  repository: Repository,
  backend: NamespaceSource,
  ids: readonly NamespaceId[],
  backups: readonly BackupInfo[],
): Promise<{ label: string; backups: readonly BackupInfo[] } | undefined> {
  const newest = newestSetOf(ids, backups);
  if (newest === undefined) return undefined;
  for (const id of ids) {
    const { checkpoint } = await (await backend.namespace(id)).head();
    const own = newest.find((info) => isOf(info, id));
    if (own?.toCheckpoint !== checkpoint || !(await isSound(repository, own))) return undefined;
  }
  return { label: newest[0]?.label as string, backups: newest };
}

/** Throws NADB_ALREADY_EXISTS. */
export function checkLabelUnused(label: string, backups: readonly BackupInfo[]): void {
  const same = backups.filter((info) => info.label === label);
  if (same.length === 0) return;
  const ids = same.slice(0, 5).map(({ backupId }) => backupId);
  throw new NadbError(
    "NADB_ALREADY_EXISTS",
    `there are backups with the label ${quote(label)} already: ${ids.join(", ")}${same.length > 5 ? ", …" : ""}`,
    { hint: "choose another label, or delete them first" },
  );
}
