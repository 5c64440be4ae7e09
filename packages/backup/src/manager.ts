// The API of backups: one store, one repository. Every method leaves the work to the file named for it.
import type { StorageNamespace, StoredRecord } from "@nadb/core";
import { type ArchiveOptions, Archiver, archiveOnce } from "./archive/archiver.js";
import { getAt, historyOf, type KeyVersion } from "./archive/history.js";
import { archiveLag, type Lag } from "./archive/lag.js";
import { listPoints } from "./archive/list-points.js";
import type { Points } from "./archive/points.js";
import { type PreparedPointRestore, preparePoint } from "./archive/prepared-point.js";
import {
  type AtPoint,
  type AtTime,
  type PointRestoration,
  type PointRestorePlan,
  planRestorePoint,
  restorePoint,
} from "./archive/restore-point.js";
import {
  type ArchiveVerification,
  type VerifyArchiveOptions,
  verifyArchive,
} from "./archive/verify-archive.js";
import { type ConsolidateOptions, consolidateBackup } from "./consolidate.js";
import { type ConsolidationPlan, planConsolidation } from "./consolidation-plan.js";
import { type Difference, differences, liveRecords } from "./contents.js";
import {
  type CreateBackupOptions,
  type CreateIncrementalOptions,
  createFull,
  createIncremental,
} from "./create.js";
import { type Drill, type DrillOptions, drillBackup, newestBackup } from "./drill/drill.js";
import { type Acceptance, acceptBackup } from "./health/acceptance.js";
import type { AnomalyLimits } from "./health/anomalies.js";
import { gatherHealth } from "./health/facts.js";
import { type UnusualBackup, unusualBackups } from "./health/gate.js";
import { type Health, judgeHealth } from "./health/judge.js";
import type { HealthLimits } from "./health/limits.js";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import { Repository } from "./repository.js";
import { type Restoration, restoreChain } from "./restore.js";
import { planRestore, type RestorePlan } from "./restore-plan.js";
import {
  type PreparedRestore,
  type PrepareRestoreOptions,
  prepareRestore,
} from "./restore-prepared.js";
import type { RestoreOptions } from "./restore-source.js";
import { type DeleteBackupOptions, deleteBackup } from "./retention/delete.js";
import { type Pin, readPins } from "./retention/pin-file.js";
import { type PinOptions, pinBackup, unpinBackup } from "./retention/pins.js";
import { type CleanupPolicy, policyOfCleanup, type RetentionPolicy } from "./retention/policy.js";
import {
  type PruneOptions,
  type PrunePlan,
  type Pruning,
  planPrune,
  pruneBackups,
} from "./retention/prune.js";
import { type PlanSalvageOptions, planSalvage } from "./salvage/plan-salvage.js";
import type { SalvagePlan } from "./salvage/report.js";
import { type Salvage, type SalvageOptions, salvageBackup } from "./salvage/salvage.js";
import { type BackupTarget, checkOutside } from "./target.js";
import type { Verification, VerifyOptions } from "./verify.js";

export interface BackupManagerOptions {
  /** A KeyValueStore, of whatever values, or its namespace. */
  readonly store: { readonly storage: StorageNamespace } | StorageNamespace;
  readonly target: BackupTarget;
  /** Make a repository of an empty target. Default true; with false NADB_NOT_A_REPOSITORY. */
  readonly create?: boolean;
  /** Now, in ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills the bytes with randomness. Default `crypto.getRandomValues`. */
  readonly random?: (bytes: Uint8Array) => void;
}

export interface PruneManagedOptions extends Omit<PruneOptions, "only"> {
  readonly only?: PruneOptions["only"] | null;
}

export class BackupManager {
  private constructor(
    readonly storage: StorageNamespace,
    readonly repository: Repository,
  ) {}

  /**
   * Throws NADB_NOT_A_REPOSITORY when the target holds something else, or with `create: false` nothing, and
   * NADB_INVALID_ARGUMENT when it lies in the namespace itself.
   */
  static async open(options: BackupManagerOptions): Promise<BackupManager> {
    const { store, target, create = true } = options;
    const storage = "storage" in store ? store.storage : store;
    if (create) await checkOutside(target, storage); // before the target is claimed
    const repository = await Repository.open(target, { ...options, create });
    if (!create) await checkOutside(target, storage);
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
    return [...(await this.repository.scan()).backups];
  }

  /** Throws NADB_NOT_FOUND. */
  async getBackup(backupId: string): Promise<BackupInfo> {
    return this.repository.get(backupId);
  }

  /** Reads the backup as a restore would and reports what it finds; keeps that as evidence, unless `record` is false. */
  async verifyBackup(backupId: string, options: VerifyOptions = {}): Promise<Verification> {
    return this.repository.verify(backupId, { record: true, ...options });
  }

  /**
   * Restores a backup for real, by default the newest of this namespace, into a scratch namespace of `backend`, compares what
   * the store then holds, and removes it again; keeps what it found and how long it took as evidence. Throws
   * NADB_NOT_FOUND, and whatever is no fault of the backup.
   */
  async drill(backupId: string | undefined, options: DrillOptions): Promise<Drill> {
    const { repository, storage } = this;
    const id = backupId ?? (await newestBackup(repository, storage.id)).backupId;
    return drillBackup(repository, id, options);
  }

  /** How the backups of this namespace stand. Throws NADB_INVALID_ARGUMENT for a limit; what is broken is in the answer. */
  async backupHealth(limits: HealthLimits = {}): Promise<Health> {
    const { repository, storage } = this;
    const facts = await gatherHealth({
      id: storage.id,
      clock: repository.host.clock,
      repository: async () => repository,
      source: async () => storage,
    });
    return judgeHealth(facts, limits);
  }

  /** The backups, of whatever namespace, that are outside the trend of those before them and that nobody has accepted. */
  async unusualBackups(limits?: AnomalyLimits): Promise<readonly UnusualBackup[]> {
    return unusualBackups(this.repository, (await this.repository.scan()).backups, limits);
  }

  /** Says that somebody has looked at what is unusual about it: older backups of its namespace are not held any more. */
  async acceptBackup(
    backupId: string,
    options: { readonly reason?: string } = {},
  ): Promise<Acceptance> {
    return acceptBackup(this.repository, backupId, options);
  }

  /**
   * Restores into the namespace, in one visible step. Throws NADB_NOT_FOUND, NADB_CORRUPTION or
   * NADB_NEWER_FORMAT; refused or interrupted it leaves the namespace as it was.
   */
  async restoreBackup(backupId: string, options?: RestoreOptions): Promise<Restoration>;
  /**
   * Restores the newest cut that is not later than a time, or the point of an id: of the archive, or of a backup. Answers
   * which it was. Throws NADB_NOT_FOUND, naming the nearest points, when there is none so early.
   */
  async restoreBackup(point: AtTime | AtPoint, options?: RestoreOptions): Promise<PointRestoration>;
  async restoreBackup(
    what: string | AtTime | AtPoint,
    options: RestoreOptions = {},
  ): Promise<Restoration | PointRestoration> {
    const { repository, storage } = this;
    if (typeof what === "string") return restoreChain(repository, storage, what, options);
    return restorePoint(repository, storage, what, options);
  }

  /** What `restoreBackup` with these options would do, found by reading alone. Throws as it would before its first write. */
  async planRestore(backupId: string, options?: RestoreOptions): Promise<RestorePlan>;
  async planRestore(point: AtTime | AtPoint, options?: RestoreOptions): Promise<PointRestorePlan>;
  async planRestore(
    what: string | AtTime | AtPoint,
    options: RestoreOptions = {},
  ): Promise<RestorePlan | PointRestorePlan> {
    const { repository, storage } = this;
    if (typeof what === "string") return planRestore(repository, storage, what, options);
    return planRestorePoint(repository, storage, what, options);
  }

  /**
   * A restore in two steps, `plan()` and `execute()`, under one shared lease: until it is disposed of, whoever prunes or
   * merges leaves what it reads. A time is turned into a point once, and that is the one that is planned and restored.
   * Throws as `restoreBackup` does for what it can not find.
   */
  async prepareRestore(backupId: string, options?: PrepareRestoreOptions): Promise<PreparedRestore>;
  async prepareRestore(
    point: AtTime | AtPoint,
    options?: PrepareRestoreOptions,
  ): Promise<PreparedPointRestore>;
  async prepareRestore(
    what: string | AtTime | AtPoint,
    options: PrepareRestoreOptions = {},
  ): Promise<PreparedRestore | PreparedPointRestore> {
    const { repository, storage } = this;
    if (typeof what === "string") return prepareRestore(repository, storage, what, options);
    return preparePoint(repository, storage, what, options);
  }

  /**
   * Follows the namespace and archives what changes, until it is stopped. Throws NADB_LOCKED while somebody else archives
   * it, NADB_INVALID_ARGUMENT for the options, NADB_CONFLICT for a policy that promises less than what is declared.
   */
  async archive(options: ArchiveOptions = {}): Promise<Archiver> {
    return Archiver.start(this.repository, this.storage, options);
  }

  /** Archives once what has changed, and ends. Throws as `archive` does, and what fails. */
  async archiveOnce(options: ArchiveOptions = {}): Promise<Lag> {
    return archiveOnce(this.repository, this.storage, options);
  }

  /** What can be restored, oldest first, and the gaps. */
  async points(): Promise<Points> {
    return listPoints(this.repository, this.storage.id);
  }

  /** As `getAt` of a namespace's archive. */
  async getAt(key: string, at: Date | number): Promise<StoredRecord | undefined> {
    return getAt(this.repository, this.storage.id, key, at);
  }

  /** Every version of a key that backups and archive hold, oldest first. */
  async history(key: string): Promise<readonly KeyVersion[]> {
    return historyOf(this.repository, this.storage.id, key);
  }

  /** Reads the archive as restores would and reports what it finds; changes nothing. */
  async verifyArchive(options: VerifyArchiveOptions = {}): Promise<ArchiveVerification> {
    return verifyArchive(this.repository, this.storage.id, options);
  }

  /** How far the archive is behind the store; undefined when nothing was archived of it. */
  async archiveLag(): Promise<Lag | undefined> {
    return archiveLag(this.repository, this.storage);
  }

  /** As `Repository.readBackup`. */
  readBackup(backupId: string, options: LongWork = {}): AsyncIterable<StoredRecord> {
    return this.repository.readBackup(backupId, options);
  }

  /** As `Repository.getFromBackup`. */
  async getFromBackup(
    backupId: string,
    key: string,
    options: Pick<LongWork, "signal"> = {},
  ): Promise<StoredRecord | undefined> {
    return this.repository.getFromBackup(backupId, key, options);
  }

  /** What leads from one backup to another, or to what is live now, in key order. */
  diffBackups(
    from: string,
    to: string | { readonly live: true },
    options: LongWork = {},
  ): AsyncIterable<Difference> {
    if (typeof to === "string") return this.repository.diffBackups(from, to, options);
    return differences(this.readBackup(from, options), liveRecords(this.storage, options));
  }

  /** What the backup restores from, oldest first: a full, and incrementals. Throws NADB_NOT_FOUND, NADB_CORRUPTION. */
  async getChain(backupId: string): Promise<readonly BackupInfo[]> {
    return this.repository.chain(await this.repository.get(backupId));
  }

  /**
   * Merges the backup with those before it, in place: it becomes a full one, or goes on from an ancestor (`onto`), and
   * restores to the same state. What hangs on it stays. The store is not read. Throws NADB_NOT_FOUND, NADB_CORRUPTION,
   * NADB_LOCKED while somebody else merges it, NADB_CONFLICT when it changed meanwhile; then it is as it was.
   */
  async consolidateBackup(backupId: string, options: ConsolidateOptions = {}): Promise<BackupInfo> {
    return consolidateBackup(this.repository, backupId, options);
  }

  /** What `consolidateBackup` with these options would do, told by the manifests alone; changes nothing. */
  async planConsolidation(
    backupId: string,
    options: Pick<ConsolidateOptions, "onto"> = {},
  ): Promise<ConsolidationPlan> {
    return planConsolidation(this.repository, backupId, options);
  }

  /** As `planSalvage`: what `salvageBackup` with these options would do; changes nothing. */
  async planSalvage(backupId: string, options: PlanSalvageOptions): Promise<SalvagePlan> {
    return planSalvage(this.repository, backupId, options);
  }

  /**
   * Makes a new full backup, `into`, of what is left of a damaged one and of what it is laid over, with a list of what is
   * lost. The damaged one is only read, and may be in the quarantine. Throws as `planSalvage` does.
   */
  async salvageBackup(
    backupId: string,
    { into, ...options }: SalvageOptions & Pick<PlanSalvageOptions, "into">,
  ): Promise<Salvage> {
    const plan = await planSalvage(this.repository, backupId, { into, ...options });
    return salvageBackup(this.repository, plan, options);
  }

  /**
   * Throws NADB_NOT_FOUND, NADB_CONFLICT while it is pinned or points of the archive are restored from it (unless `force`), or
   * incrementals hang on it (unless `consolidate` merges it into them first), NADB_LOCKED while somebody writes there.
   */
  async deleteBackup(backupId: string, options: DeleteBackupOptions = {}): Promise<void> {
    await deleteBackup(this.repository, backupId, options);
  }

  /**
   * Deletes the backups of this namespace that are both older than `keepDays` and not among the newest `keepCount`, and that
   * nothing else keeps (docs/retention.md); answers how many. Throws NADB_INVALID_ARGUMENT when neither is above 0.
   */
  async cleanupOldBackups(policy: CleanupPolicy): Promise<number> {
    const { removed } = await this.pruneBackups(policyOfCleanup(policy));
    return removed.length;
  }

  /** Deletes the backups that no rule of the policy keeps. `only`, default this namespace: null for every one in turn. */
  async pruneBackups(policy: RetentionPolicy, options: PruneManagedOptions = {}): Promise<Pruning> {
    return pruneBackups(this.repository, policy, this.#scoped(options));
  }

  /** What `pruneBackups` would do; changes nothing. */
  async planPrune(policy: RetentionPolicy, options: PruneManagedOptions = {}): Promise<PrunePlan> {
    return planPrune(this.repository, policy, this.#scoped(options));
  }

  /** Nothing deletes the backup until it is unpinned. Throws NADB_NOT_FOUND. */
  async pinBackup(backupId: string, options: PinOptions = {}): Promise<Pin> {
    return pinBackup(this.repository, backupId, options);
  }

  /** Answers whether it was pinned. Throws NADB_NOT_FOUND. */
  async unpinBackup(backupId: string): Promise<boolean> {
    return unpinBackup(this.repository, backupId);
  }

  /** The pins there are, of the oldest backup first. */
  async listPins(): Promise<Pin[]> {
    return readPins(this.repository.target, await this.repository.list());
  }

  #scoped({ only = this.storage.id, ...options }: PruneManagedOptions): PruneOptions {
    return only === null ? options : { ...options, only };
  }
}
