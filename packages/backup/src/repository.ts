// The repository: the backups at one target. It opens the catalog that fits what is there (catalog.ts) and leaves the
// work to it and to the files named for it.
import { type Change, NadbError, type StoredRecord } from "@nadb/core";
import type { Catalog, DeleteOptions, Scan, SweepOptions } from "./catalog.js";
import { chainOf } from "./chain.js";
import { changeOf, type Difference, differences, recordOf, recordsOf } from "./contents.js";
import { nextSequence, writeIndex } from "./index-file.js";
import type { Lease, LeaseHost } from "./lease.js";
import type { BackupInfo } from "./manifest.js";
import { OwnCatalog } from "./own-catalog.js";
import type { LongWork } from "./progress.js";
import { PythonCatalog } from "./python/catalog.js";
import type { ReaderLease } from "./readers.js";
import { Reading } from "./reading.js";
import type { BackupTarget } from "./target.js";
import { checkAllReachable } from "./unreachable.js";
import {
  manifestFinding,
  unreadableManifest,
  type Verification,
  type VerifyOptions,
  verifyChain,
} from "./verify.js";

export interface OpenRepositoryOptions {
  /** Make a repository of an empty target. Default false: NADB_NOT_A_REPOSITORY. */
  readonly create?: boolean;
  /** Now, in ms since the epoch, for leases. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills the bytes with randomness. Default `crypto.getRandomValues`. */
  readonly random?: (bytes: Uint8Array) => void;
}

export class Repository {
  readonly #catalog: Catalog;

  private constructor(
    readonly target: BackupTarget,
    readonly host: LeaseHost,
    catalog: Catalog,
  ) {
    this.#catalog = catalog;
  }

  /**
   * Throws NADB_NOT_A_REPOSITORY when there is none, or the target holds something else. One that the Python original
   * wrote is only read: what would write there throws NADB_UNSUPPORTED.
   */
  static async open(
    target: BackupTarget,
    options: OpenRepositoryOptions = {},
  ): Promise<Repository> {
    const { clock = Date.now, random = (bytes) => void crypto.getRandomValues(bytes) } = options;
    const host = { clock, random };
    return new Repository(target, host, await openCatalog(target, host, options));
  }

  /**
   * As `scan`, for whoever must not miss one: throws NADB_IO where a backup can not be read for another reason than damage.
   * What is damaged is left out.
   */
  async list(): Promise<BackupInfo[]> {
    const scan = await this.scan();
    checkAllReachable(scan);
    return [...scan.backups];
  }

  /** All complete backups, oldest first, and a finding for each whose manifest can not be read. */
  async scan(): Promise<Scan> {
    return this.#catalog.scan();
  }

  /** Throws NADB_NOT_FOUND for an unknown id, NADB_CORRUPTION for a damaged or lost manifest. */
  async get(backupId: string): Promise<BackupInfo> {
    return this.#catalog.get(backupId);
  }

  /** What the backup restores from, oldest first: a full, and incrementals. Throws NADB_CORRUPTION for a broken link. */
  async chain(info: BackupInfo): Promise<readonly BackupInfo[]> {
    return chainOf(info, this.#catalog);
  }

  /**
   * The chain of a backup, held until the reading is released: nothing of it is taken away meanwhile. Throws as `get` and
   * `chain` do.
   */
  async reading(backupId: string): Promise<Reading> {
    return Reading.of(this.#catalog, this.target, backupId);
  }

  /** Says that somebody reads there, until the lease is released; undefined where nothing is ever taken away. */
  async hold(names: readonly string[]): Promise<ReaderLease | undefined> {
    return this.#catalog.hold(names);
  }

  /** Reads the backup as a restore would and reports all it finds; changes nothing of it. */
  async verify(backupId: string, options: VerifyOptions = {}): Promise<Verification> {
    let info: BackupInfo;
    try {
      info = await this.get(backupId);
    } catch (error) {
      return unreadableManifest(await manifestFinding(this.target, backupId, error));
    }
    return verifyChain(this, info, options);
  }

  /**
   * The records that a restore of the backup would bring, in the UTF-8 byte order of their keys; proven once the
   * iteration has reached its end. Throws NADB_NOT_FOUND, NADB_CORRUPTION.
   */
  readBackup(backupId: string, options: LongWork = {}): AsyncIterable<StoredRecord> {
    return recordsOf(this, backupId, options);
  }

  /**
   * One record as it was at the cut of the backup; undefined when there was none. It is looked up: what is read for the
   * answer is proven, a few blocks of each backup of the chain, and not the rest. Throws NADB_NOT_FOUND for an unknown
   * id, NADB_CORRUPTION.
   */
  async getFromBackup(
    backupId: string,
    key: string,
    options: Pick<LongWork, "signal"> = {},
  ): Promise<StoredRecord | undefined> {
    return recordOf(this, backupId, key, options);
  }

  /**
   * What the backup itself says about a key, without those that it goes on from: a record, a tombstone, or undefined for
   * nothing. Looked up and proven as `getFromBackup` does.
   */
  async changeInBackup(
    backupId: string,
    key: string,
    options: Pick<LongWork, "signal"> = {},
  ): Promise<Change | undefined> {
    return changeOf(this, backupId, key, options);
  }

  /** What leads from one backup to another, in key order. Throws NADB_NOT_FOUND, NADB_CORRUPTION. */
  diffBackups(from: string, to: string, options: LongWork = {}): AsyncIterable<Difference> {
    return differences(this.readBackup(from, options), this.readBackup(to, options));
  }

  /**
   * Throws NADB_NOT_FOUND for an unknown id, NADB_CONFLICT while it is pinned or incrementals hang on it, NADB_LOCKED while
   * somebody writes in its folder. A backup whose manifest is damaged or lost can be deleted, too.
   */
  async delete(backupId: string, options: DeleteOptions = {}): Promise<void> {
    const refused = (await this.deleteSeveral([backupId], options)).get(backupId);
    if (refused !== undefined) throw refused;
  }

  /**
   * Deletes backups, what is laid over others before these, and looks at the manifests once for many of them. Answers which
   * stay, and why: what `delete` would throw. Any other failure ends it.
   */
  async deleteSeveral(
    backupIds: readonly string[],
    options: DeleteOptions = {},
  ): Promise<ReadonlyMap<string, NadbError>> {
    return this.#catalog.deleteSeveral(backupIds, options);
  }

  /**
   * Removes a backup, or what there is of one, whatever depends on it. REQUIRES: the lease on its id. Throws NADB_LOCKED when
   * that is lost on the way.
   */
  async remove(backupId: string, lease?: Lease): Promise<void> {
    await this.#catalog.remove(backupId, lease);
  }

  /** Behind all backups there are. Two that are taken at once may get the same. */
  async nextSequence(): Promise<number> {
    return nextSequence(this.target, await this.scan());
  }

  /** Makes a written and checked backup exist. REQUIRES: its data file is durable and read back. */
  async publish(info: BackupInfo): Promise<void> {
    await this.#catalog.publish(info);
  }

  /**
   * As `publish`, with a place behind all backups there are; answers it so. Two that are taken at once may get the same.
   *
   * @param last called when all others were looked at, right before the manifest is written.
   */
  async publishNewest(info: BackupInfo, last?: () => Promise<void>): Promise<BackupInfo> {
    return this.#catalog.publishNewest(info, last);
  }

  /** Throws NADB_UNSUPPORTED where backups are only read. */
  async checkWritable(): Promise<void> {
    await this.#catalog.checkWritable();
  }

  /** Puts a manifest in the place of the one there is. REQUIRES: as publish, and the lease on the id. */
  async replace(info: BackupInfo): Promise<void> {
    await this.#catalog.replace(info);
    await this.#catalog.removeReplaced(info.backupId);
  }

  /** Throws NADB_ALREADY_EXISTS. */
  async checkUnused(backupId: string): Promise<void> {
    await this.#catalog.checkUnused(backupId);
  }

  /** Removes what dead writers left behind: folders without a manifest, and, beside some or all of the others, leases. */
  async sweepLeftovers(options: SweepOptions = {}): Promise<void> {
    await this.#catalog.sweepLeftovers(options);
  }
}

async function openCatalog(
  target: BackupTarget,
  host: LeaseHost,
  { create = false }: OpenRepositoryOptions,
): Promise<Catalog> {
  const own = new OwnCatalog(target, host);
  if ((await target.list("")).length === 0) {
    if (!create) throw notARepository(target, "there is no repository", NO_REPOSITORY_HINT);
    await writeIndex(target, new Map());
    return own;
  }
  if (await own.hasIndex()) return own;
  if (await PythonCatalog.isOne(target)) return new PythonCatalog(target);
  if (await own.hasBackup()) return own;
  throw notARepository(target, "this holds other files and no repository", "name an empty folder");
}

const NO_REPOSITORY_HINT = "create a backup first, or name another place";

const notARepository = (target: BackupTarget, what: string, hint: string): NadbError =>
  new NadbError("NADB_NOT_A_REPOSITORY", `${target.name}: ${what}`, { hint });
