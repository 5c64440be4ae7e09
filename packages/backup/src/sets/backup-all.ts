// Backing up all namespaces of a backend: one backup of each, each at its own exact cut, under one label. Each says how
// many they are; the call that fails takes back those it has made, and a call that was killed leaves a set that is not whole.
import { checkName, isNadbError, NadbError, type NamespaceId, quote } from "@nadb/core";
import { type CreateBackupOptions, createFull, createIncremental, newBackupId } from "../create.js";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { checkOutside } from "../target.js";
import { checkLabelUnused, parentFor, unchangedSet } from "./before.js";
import { type LeftOut, listNamespaces, type NamespaceListing } from "./namespaces.js";
import { idsOfSet, type NamespaceSource, nameOf } from "./set.js";

export interface BackupAllOptions extends Omit<CreateBackupOptions, "backupId"> {
  readonly backend: NamespaceSource;
  readonly repository: Repository;
  /** The name of the set; no backup may have it yet. Default: "set", the time and four random characters. */
  readonly label?: string;
  /** Only the namespaces of this database. */
  readonly db?: string;
  /** Each goes on from the newest backup of its namespace that can be a parent; where there is none it is a full. Default false. */
  readonly incremental?: boolean;
  /**
   * When no namespace has changed since the newest whole set of the same namespaces, make no backup and answer that set.
   * When one has, all are backed up, so that every set restores by itself. Default false.
   */
  readonly skipUnchanged?: boolean;
}

export interface TakenSet {
  readonly label: string;
  /** False when nothing had changed: `backups` are those of the set there was. */
  readonly created: boolean;
  /** One for each namespace there was at the beginning, in the order of their names. */
  readonly backups: readonly BackupInfo[];
  /** Namespaces made meanwhile: they are not in the set. */
  readonly added: readonly NamespaceId[];
  /** Namespaces dropped meanwhile: the set holds what was there at their cuts, which may be nothing. */
  readonly dropped: readonly NamespaceId[];
  /** Namespaces that are not in the set because NADB keeps them for itself. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Throws as createBackup does, naming the namespace; NADB_NOT_FOUND when there is no namespace, NADB_ALREADY_EXISTS when
 * a backup has the label. What applications have buffered is not in the backend yet: flush it first.
 */
export async function backupAllNamespaces(all: BackupAllOptions): Promise<TakenSet> {
  const { backend, repository, db, label = newBackupId("set", repository.host) } = all;
  checkName("label", label);
  const { ids, leftOut } = await survey(backend, db);
  const { backups, findings } = await repository.scan();
  if (all.skipUnchanged) {
    const same = await unchangedSet(repository, backend, ids, backups);
    if (same !== undefined) return { ...same, created: false, added: [], dropped: [], leftOut };
  }
  checkLabelUnused(label, backups);
  const taken = [...backups, ...findings].map(({ backupId }) => backupId);
  const work = { all, label, ids, backupIds: idsOfSet(label, ids, taken), backups };
  const made = await takeAll(work);
  return {
    label,
    created: true,
    backups: made,
    ...difference(ids, (await listNamespaces(backend, db)).ids),
    leftOut,
  };
}

/** What a set would be of. Throws NADB_NOT_FOUND when there is nothing. */
export const namespacesToBackUp = async (
  backend: NamespaceSource,
  db?: string,
): Promise<readonly NamespaceId[]> => (await survey(backend, db)).ids;

async function survey(backend: NamespaceSource, db?: string): Promise<NamespaceListing> {
  const listing = await listNamespaces(backend, db);
  if (listing.ids.length > 0) return listing;
  throw new NadbError(
    "NADB_NOT_FOUND",
    `there is no namespace to back up${db === undefined ? "" : ` in the database ${quote(db)}`}`,
    { hint: `a namespace is there once something was written to it${besides(listing.leftOut)}` },
  );
}

const besides = (leftOut: readonly LeftOut[]): string =>
  leftOut.length === 0 ? "" : `; no data: ${leftOut.map(nameOf).join(", ")}`;

interface Work {
  readonly all: BackupAllOptions;
  readonly label: string;
  readonly ids: readonly NamespaceId[];
  /** One for each namespace. */
  readonly backupIds: readonly string[];
  /** Those there are already, oldest first. */
  readonly backups: readonly BackupInfo[];
}

async function takeAll(work: Work): Promise<readonly BackupInfo[]> {
  const { repository } = work.all;
  const made: BackupInfo[] = [];
  try {
    for (const [i, id] of work.ids.entries()) {
      made.push(await naming(id, () => takeOne(work, id, work.backupIds[i] as string)));
    }
    await checkAlone(work, made.length);
    return made;
  } catch (error) {
    await takeBack(repository, made);
    throw error;
  }
}

async function takeOne(
  { all, label, ids, backups }: Work,
  id: NamespaceId,
  backupId: string,
): Promise<BackupInfo> {
  const { backend, repository, db: _, incremental = false, skipUnchanged: __, ...options } = all;
  const storage = await backend.namespace(id);
  await checkOutside(repository.target, storage);
  const host = { repository, storage, ...repository.host };
  const one = { ...options, label, backupId, setSize: ids.length };
  const parent = incremental ? await parentFor(repository, storage, backups) : undefined;
  if (parent === undefined) return createFull(host, one);
  return createIncremental(host, parent, { ...one, fallbackToFull: true });
}

/** Two sets that are taken under one label at once must not become one: of two that see each other none stays. */
async function checkAlone({ all, label }: Work, made: number): Promise<void> {
  const { backups } = await all.repository.scan();
  const same = backups.filter((info) => info.label === label);
  if (same.length === made) return;
  throw new NadbError(
    "NADB_CONFLICT",
    `somebody else took backups under the label ${quote(label)} meanwhile`,
    { hint: "choose another label" },
  );
}

/** What can not be removed stays a set that is not whole. The failure that led here is the one to tell. */
async function takeBack(repository: Repository, made: readonly BackupInfo[]): Promise<void> {
  for (const { backupId } of [...made].reverse()) {
    await repository.delete(backupId).catch(() => undefined);
  }
}

/** Names the namespace in the errors of NADB; others, such as an abort, pass as they are. */
export async function naming<T>(id: NamespaceId, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isNadbError(error)) throw error;
    const { hint } = error;
    const options = hint === undefined ? { cause: error } : { cause: error, hint };
    throw new NadbError(error.code, `${nameOf(id)}: ${error.message}`, options);
  }
}

function difference(
  before: readonly NamespaceId[],
  after: readonly NamespaceId[],
): Pick<TakenSet, "added" | "dropped"> {
  return { added: without(after, before), dropped: without(before, after) };
}

function without(ids: readonly NamespaceId[], others: readonly NamespaceId[]): NamespaceId[] {
  const names = new Set(others.map(nameOf));
  return ids.filter((id) => !names.has(nameOf(id)));
}
