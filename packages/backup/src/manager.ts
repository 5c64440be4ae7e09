// The API of backups: one store, one repository. Every method leaves the work to the file named for it.
import type { StorageNamespace, StoredRecord } from "@nadb/core";
import { type Difference, differences, liveRecords, recordOf, recordsOf } from "./contents.js";
import {
  type CreateBackupOptions,
  type CreateIncrementalOptions,
  createFull,
  createIncremental,
} from "./create.js";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import { Repository } from "./repository.js";
import { type Restoration, type RestoreOptions, restoreChain } from "./restore.js";
import { planRestore, type RestorePlan } from "./restore-plan.js";
import type { BackupTarget } from "./target.js";
import type { Verification, VerifyOptions } from "./verify.js";

export interface BackupManagerOptions {
  /** A KeyValueStore, of whatever values, or its namespace. */
  readonly store: { readonly storage: StorageNamespace } | StorageNamespace;
  readonly target: BackupTarget;
  /** Now, in ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills the bytes with randomness. Default `crypto.getRandomValues`. */
  readonly random?: (bytes: Uint8Array) => void;
}

export class BackupManager {
  private constructor(
    readonly storage: StorageNamespace,
    readonly repository: Repository,
  ) {}

  /** Makes the repository when the target is empty; NADB_NOT_A_REPOSITORY when it holds something else. */
  static async open(options: BackupManagerOptions): Promise<BackupManager> {
    const { store, target } = options;
    const storage = "storage" in store ? store.storage : store;
    const repository = await Repository.open(target, { ...options, create: true });
    return new BackupManager(storage, repository);
  }

  /**
   * A full backup of the namespace at one instant, also while others write. Resolves once it is durable, read
   * back and proven. Throws NADB_ALREADY_EXISTS, NADB_LOCKED, NADB_INVALID_ARGUMENT for the id; on any failure
   * nothing is listed.
   */
  async createBackup(options: CreateBackupOptions = {}): Promise<BackupInfo> {
    const { repository, storage } = this;
    return createFull({ repository, storage, ...repository.host }, options);
  }

  /**
   * What has changed since a backup of this namespace, deletes included, at one instant, also while others write; its cost
   * follows the changes. Throws as createBackup does, and NADB_CHECKPOINT_EXPIRED when the store can no longer tell what
   * has changed (its content was replaced, or deletes were forgotten): then take a full backup, or let
   * `fallbackToFull` do it.
   */
  async createIncrementalBackup(
    parentBackupId: string,
    options: CreateIncrementalOptions = {},
  ): Promise<BackupInfo> {
    const { repository, storage } = this;
    return createIncremental({ repository, storage, ...repository.host }, parentBackupId, options);
  }

  /** All complete backups in the repository, oldest first, of whatever namespace. */
  async listBackups(): Promise<BackupInfo[]> {
    return this.repository.list();
  }

  /** Throws NADB_NOT_FOUND. */
  async getBackup(backupId: string): Promise<BackupInfo> {
    return this.repository.get(backupId);
  }

  /** Reads the backup as a restore would and reports what it finds; changes nothing. */
  async verifyBackup(backupId: string, options: VerifyOptions = {}): Promise<Verification> {
    return this.repository.verify(backupId, options);
  }

  /**
   * Restores into the namespace, in one visible step. Throws NADB_NOT_FOUND, NADB_CORRUPTION or
   * NADB_NEWER_FORMAT; refused or interrupted it leaves the namespace as it was.
   */
  async restoreBackup(backupId: string, options: RestoreOptions = {}): Promise<Restoration> {
    return restoreChain(this.repository, this.storage, backupId, options);
  }

  /** What `restoreBackup` with these options would do, found by reading alone. Throws as it would before its first write. */
  async planRestore(backupId: string, options: RestoreOptions = {}): Promise<RestorePlan> {
    return planRestore(this.repository, this.storage, backupId, options);
  }

  /**
   * The records that a restore of the backup would bring, in the UTF-8 byte order of their keys; proven once the
   * iteration has reached its end. Throws NADB_NOT_FOUND, NADB_CORRUPTION.
   */
  readBackup(backupId: string, options: LongWork = {}): AsyncIterable<StoredRecord> {
    return recordsOf(this.repository, backupId, options);
  }

  /** One record as it was at the cut of the backup; undefined when there was none. */
  async getFromBackup(
    backupId: string,
    key: string,
    options: LongWork = {},
  ): Promise<StoredRecord | undefined> {
    return recordOf(this.repository, backupId, key, options);
  }

  /** What leads from one backup to another, or to what is live now, in key order. */
  diffBackups(
    from: string,
    to: string | { readonly live: true },
    options: LongWork = {},
  ): AsyncIterable<Difference> {
    const after =
      typeof to === "string" ? this.readBackup(to, options) : liveRecords(this.storage, options);
    return differences(this.readBackup(from, options), after);
  }

  /** What the backup restores from, oldest first: a full, and incrementals. Throws NADB_NOT_FOUND, NADB_CORRUPTION. */
  async getChain(backupId: string): Promise<readonly BackupInfo[]> {
    return this.repository.chain(await this.repository.get(backupId));
  }

  /** Throws NADB_NOT_FOUND, NADB_CONFLICT while incrementals hang on it, NADB_LOCKED while somebody writes there. */
  async deleteBackup(backupId: string): Promise<void> {
    await this.repository.delete(backupId);
  }
}
