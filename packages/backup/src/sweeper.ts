// Removing: backups, and what dead writers, ended readers and merges left behind. INVARIANT: what makes a backup exist, its
// manifest, goes or changes first; its data go after that, and only while nobody reads them (readers.ts).
import { isNadbError } from "@nadb/core";
import type { BackupFolders } from "./backup-folders.js";
import type { SweepOptions } from "./catalog.js";
import { isLeftover, isReplaced } from "./folder.js";
import { readIndexIds } from "./index-file.js";
import { Lease, type LeaseHost } from "./lease.js";
import { dataPath, isBeside, isDataFile, isPiece, MANIFEST_FILE, manifestPath } from "./paths.js";
import { backupsBeingRead, sweepReaders } from "./readers.js";
import { mapSeveral } from "./several.js";

/** Finished folders that are looked into each time. */
const BESIDE_AT_A_TIME = 64;
const LISTED_AT_ONCE = 16;

export class Sweeper {
  constructor(
    readonly folders: BackupFolders,
    readonly host: LeaseHost,
  ) {}

  /**
   * Folders without a manifest, leases and replaced data beside one, readers that have ended. A folder that the index names
   * was finished once: beside some of these it looks in turn, beside all of them only when asked to.
   */
  async sweepAll({ everywhere = false }: SweepOptions = {}): Promise<void> {
    const { folders, host } = this;
    await sweepReaders(folders.target, host.clock());
    const all = await folders.ids();
    const ids = everywhere || all.length <= BESIDE_AT_A_TIME ? all : await this.#inTurn(all);
    const names = await mapSeveral(ids, LISTED_AT_ONCE, (id) => namesOrNone(folders, id));
    for (const [i, id] of ids.entries()) {
      if (!isLeftover(names[i] ?? [])) continue;
      try {
        await this.#sweep(id);
      } catch (error) {
        if (!isForLater(error)) throw error;
      }
    }
  }

  /** All that the index does not name, and some of the others: whose turn it is, the clock tells. */
  async #inTurn(ids: readonly string[]): Promise<readonly string[]> {
    const { folders, host } = this;
    const known = await readIndexIds(folders.target);
    const finished = ids.filter((id) => known.has(id));
    const first = Math.abs(Math.floor(host.clock())) % Math.max(1, finished.length);
    const turn = [...finished.slice(first), ...finished].slice(0, BESIDE_AT_A_TIME);
    return [...ids.filter((id) => !known.has(id)), ...new Set(turn)];
  }

  /** Under both leases, so that nobody begins to write there meanwhile. */
  async #sweep(backupId: string): Promise<void> {
    const { target } = this.folders;
    const lease = await Lease.acquire(target, backupId, this.host);
    const merge = await Lease.acquire(target, backupId, this.host, "merge").catch(async (error) => {
      await lease.release();
      throw error;
    });
    const names = await this.folders.names(backupId);
    await lease.confirm();
    if (names.includes(MANIFEST_FILE)) {
      for (const piece of names.filter(isPiece)) await target.remove(`${backupId}/${piece}`);
      await this.removeReplaced(backupId);
      await merge.release();
      await lease.release();
    } else if (!(await this.take(backupId, lease))) {
      await lease.end();
      await merge.end();
    }
  }

  /**
   * Removes a backup, or what there is of one. The manifest goes first: a backup is there whole or not at all. The lease goes
   * last: it tells what is left. Answers false when somebody is reading it; then its data stay for a later sweep. Throws
   * NADB_LOCKED when the lease is lost on the way. REQUIRES: the lease on the id; none where there is no room for one.
   */
  async take(backupId: string, lease?: Lease): Promise<boolean> {
    const { target } = this.folders;
    await target.remove(manifestPath(backupId));
    await this.#removeFiles(backupId, isBeside);
    if (await this.isBeingRead(backupId)) return false;
    if (lease?.hasEnded) await lease.confirm(); // somebody else may have swept it, and begun another backup of the id
    await this.#removeFiles(backupId, isDataFile);
    await target.remove(backupId);
    return true;
  }

  async #removeFiles(backupId: string, isOne: (name: string) => boolean): Promise<void> {
    const names = await this.folders.names(backupId);
    for (const name of names.filter(isOne)) await this.folders.target.remove(`${backupId}/${name}`);
  }

  /** Data that the manifest does not name any more, unless somebody is reading it. REQUIRES: the lease on the id. */
  async removeReplaced(backupId: string): Promise<void> {
    const { folders, host } = this;
    const names = await folders.names(backupId);
    if (names.filter(isDataFile).length < 2 || (await this.isBeingRead(backupId))) return;
    const named = (await folders.manifest(backupId))?.dataFile;
    if (named === undefined) return;
    for (const name of names.filter((name) => isReplaced(name, named, host.clock())))
      await folders.target.remove(dataPath(backupId, name));
  }

  async isBeingRead(backupId: string): Promise<boolean> {
    return (await backupsBeingRead(this.folders.target, this.host.clock())).has(backupId);
  }
}

/** What can not be listed is left for a later sweep. */
async function namesOrNone(folders: BackupFolders, backupId: string): Promise<readonly string[]> {
  try {
    return await folders.names(backupId);
  } catch (error) {
    if (!isForLater(error)) throw error;
    return [];
  }
}

/** Its writer is alive, there is no room to say who sweeps, or nothing to be seen there. */
const isForLater = (error: unknown): boolean =>
  isNadbError(error, "NADB_LOCKED") || isNadbError(error, "NADB_IO");
