// The repository: which backups there are. A backup exists once its manifest does. The index is a copy of all
// manifests: lost, damaged or behind it hides nothing, and it tells a lost manifest from an unfinished backup.
import {
  type Change,
  checkName,
  isNadbError,
  NadbError,
  quote,
  type StoredRecord,
} from "@nadb/core";
import { chainOf } from "./chain.js";
import { changeOf, type Difference, differences, recordOf, recordsOf } from "./contents.js";
import { readIndex, writeIndex } from "./index-file.js";
import { Lease, type LeaseHost } from "./lease.js";
import { type BackupInfo, decodeManifest, encodeManifest, MAX_MANIFEST_BYTES } from "./manifest.js";
import {
  DATA_FILE,
  dataPath,
  INDEX_PATH,
  isPiece,
  isSafeName,
  leaseToken,
  MANIFEST_FILE,
  manifestPath,
} from "./paths.js";
import type { LongWork } from "./progress.js";
import { type BackupTarget, readWhole } from "./target.js";
import {
  asFinding,
  type Finding,
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

export interface Scan {
  readonly backups: readonly BackupInfo[];
  readonly findings: readonly Finding[];
}

export class Repository {
  private constructor(
    readonly target: BackupTarget,
    readonly host: LeaseHost,
  ) {}

  /** Throws NADB_NOT_A_REPOSITORY when there is none, or the target holds something else. */
  static async open(
    target: BackupTarget,
    options: OpenRepositoryOptions = {},
  ): Promise<Repository> {
    const { clock = Date.now, random = (bytes) => void crypto.getRandomValues(bytes) } = options;
    const repository = new Repository(target, { clock, random });
    const entries = await target.list("");
    if (entries.length > 0)
      await repository.#checkIsOne(entries.some(({ name }) => name === INDEX_PATH));
    else if (options.create) await writeIndex(target, new Map());
    else
      throw notARepository(
        target,
        "there is no repository",
        "create a backup first, or name another place",
      );
    return repository;
  }

  /** All complete backups, oldest first; those whose manifest can not be read are in `scan().findings`. */
  async list(): Promise<BackupInfo[]> {
    return [...(await this.scan()).backups];
  }

  /** All complete backups, oldest first, and a finding for each whose manifest can not be read. */
  async scan(): Promise<Scan> {
    const index = await readIndex(this.target);
    const backups: BackupInfo[] = [];
    const findings: Finding[] = [];
    for (const id of await this.#folders()) {
      try {
        const info = await this.#readManifest(id);
        if (info !== undefined) backups.push(info);
        else if (index?.has(id) && isData(await this.#names(id))) throw manifestLost(id);
      } catch (error) {
        findings.push(asFinding(id, error));
      }
    }
    backups.sort(byAge);
    return { backups, findings };
  }

  /** Throws NADB_NOT_FOUND for an unknown id, NADB_CORRUPTION for a damaged or lost manifest. */
  async get(backupId: string): Promise<BackupInfo> {
    checkName("backup id", backupId);
    const info = await this.#readManifest(backupId);
    if (info !== undefined) return info;
    throw (await this.#hasLostManifest(backupId))
      ? manifestLost(backupId)
      : await this.#unknown(backupId);
  }

  /** What the backup restores from, oldest first: a full, and incrementals. Throws NADB_CORRUPTION for a broken link. */
  async chain(info: BackupInfo): Promise<readonly BackupInfo[]> {
    return chainOf(info, (backupId) => this.get(backupId));
  }

  /** Reads the backup as a restore would and reports all it finds; changes nothing. */
  async verify(backupId: string, options: VerifyOptions = {}): Promise<Verification> {
    let info: BackupInfo;
    try {
      info = await this.get(backupId);
    } catch (error) {
      return unreadableManifest(asFinding(backupId, error));
    }
    return verifyChain(this.target, info, (tip) => this.chain(tip), options);
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
   * Throws NADB_NOT_FOUND for an unknown id, NADB_CONFLICT while incrementals hang on it, NADB_LOCKED while somebody
   * writes in its folder. A backup whose manifest is damaged or lost can be deleted, too.
   */
  async delete(backupId: string): Promise<void> {
    checkName("backup id", backupId);
    if (!(await this.#isTaken(backupId))) throw await this.#unknown(backupId);
    const lease = await Lease.acquire(this.target, backupId, this.host);
    await this.#checkNoDependents(backupId, lease);
    await this.#updateIndex((index) => index.delete(backupId));
    await lease.confirm();
    await this.remove(backupId);
  }

  async #checkNoDependents(backupId: string, lease: Lease): Promise<void> {
    const children = (await this.list()).filter((info) => info.parentBackupId === backupId);
    if (children.length === 0) return;
    await lease.release();
    const ids = children.map((child) => quote(child.backupId)).join(", ");
    throw new NadbError("NADB_CONFLICT", `${ids} can not be restored without ${quote(backupId)}`, {
      hint: "delete the incrementals first, the newest before its parent",
    });
  }

  /** The manifest goes first: a backup is there whole or not at all. */
  async remove(backupId: string): Promise<void> {
    await this.target.remove(manifestPath(backupId));
    await this.target.remove(backupId);
  }

  /** Behind all backups there are. Two that are taken at once may get the same. */
  async nextSequence(): Promise<number> {
    return (await this.list()).reduce((last, { sequence }) => Math.max(last, sequence), 0) + 1;
  }

  /** Makes a written and checked backup exist. REQUIRES: its data file is durable and read back. */
  async publish(info: BackupInfo): Promise<void> {
    await this.target.write(manifestPath(info.backupId), [encodeManifest(info)], {
      ifAbsent: true,
    });
    await this.#updateIndex((index) => index.set(info.backupId, info));
  }

  /** Throws NADB_ALREADY_EXISTS. */
  async checkUnused(backupId: string): Promise<void> {
    if (!(await this.#isTaken(backupId))) return;
    throw new NadbError("NADB_ALREADY_EXISTS", `there is a backup ${quote(backupId)} already`, {
      hint: "choose another id, or delete that backup first",
    });
  }

  /** Removes what dead writers left behind: folders without a manifest, leases beside one. */
  async sweepLeftovers(): Promise<void> {
    for (const id of await this.#folders()) {
      if (!hasLeftovers(await this.#names(id)) || (await this.#hasLostManifest(id))) continue;
      try {
        await this.#sweep(id);
      } catch (error) {
        if (!isNadbError(error, "NADB_LOCKED")) throw error; // its writer is alive
      }
    }
  }

  /** Under a lease, so that nobody begins to write there meanwhile. */
  async #sweep(backupId: string): Promise<void> {
    const lease = await Lease.acquire(this.target, backupId, this.host);
    const names = await this.#names(backupId);
    await lease.confirm();
    if (!names.includes(MANIFEST_FILE)) return this.target.remove(backupId);
    for (const piece of names.filter(isPiece)) await this.target.remove(`${backupId}/${piece}`);
    await lease.release();
  }

  async #names(backupId: string): Promise<string[]> {
    return (await this.target.list(backupId)).map(({ name }) => name);
  }

  /** A backup that is there, or that was and is damaged. */
  async #isTaken(backupId: string): Promise<boolean> {
    const hasManifest = (await this.target.size(manifestPath(backupId))) !== undefined;
    return hasManifest || (await this.#hasLostManifest(backupId));
  }

  /** The index knows the backup, and its folder holds data that nobody was writing. */
  async #hasLostManifest(backupId: string): Promise<boolean> {
    if (!isData(await this.#names(backupId))) return false;
    return (await readIndex(this.target))?.has(backupId) ?? false;
  }

  async #folders(): Promise<string[]> {
    const entries = await this.target.list("");
    const folders = entries.filter(({ type, name }) => type === "folder" && isSafeName(name));
    return folders.map(({ name }) => name);
  }

  /** Undefined when there is no such backup. */
  async #readManifest(backupId: string): Promise<BackupInfo | undefined> {
    const path = manifestPath(backupId);
    try {
      const info = decodeManifest(await readWhole(this.target, path, MAX_MANIFEST_BYTES), path);
      if (info.backupId === backupId) return info;
    } catch (error) {
      if (isNadbError(error, "NADB_NOT_FOUND")) return undefined;
      throw error;
    }
    throw new NadbError("NADB_CORRUPTION", `${path} is the manifest of another backup`);
  }

  async #updateIndex(change: (index: Map<string, BackupInfo>) => void): Promise<void> {
    const { backups, findings } = await this.scan();
    const index = new Map(backups.map((info) => [info.backupId, info]));
    const known = await readIndex(this.target);
    for (const { backupId } of findings) {
      const info = known?.get(backupId); // all that is left of a manifest damaged or lost
      if (info !== undefined) index.set(backupId, info);
    }
    change(index);
    await writeIndex(this.target, index);
  }

  /** An index, or at least one backup, tells a repository from a folder of something else. */
  async #checkIsOne(hasIndex: boolean): Promise<void> {
    if (hasIndex && (await readIndex(this.target)) !== undefined) return;
    for (const id of await this.#folders()) {
      if ((await this.target.size(dataPath(id, DATA_FILE))) !== undefined) return;
    }
    throw notARepository(
      this.target,
      "this holds other files and no repository",
      "name an empty folder",
    );
  }

  async #unknown(backupId: string): Promise<NadbError> {
    const ids = (await this.list()).map((info) => info.backupId);
    const hint =
      ids.length === 0 ? "there are no backups yet" : `there are: ${ids.slice(-5).join(", ")}`;
    return new NadbError("NADB_NOT_FOUND", `there is no backup ${quote(backupId)}`, { hint });
  }
}

/** Without a manifest only a folder that holds nothing but what a backup's writer makes. */
const hasLeftovers = (names: readonly string[]): boolean =>
  names.includes(MANIFEST_FILE)
    ? names.some((name) => isLease(name) || isPiece(name))
    : names.length > 0 &&
      names.every((name) => name === DATA_FILE || isLease(name) || isPiece(name));

/** Without a manifest, and without a lease: an index may still name what was deleted and is being made anew. */
const isData = (names: readonly string[]): boolean =>
  names.includes(DATA_FILE) && !names.includes(MANIFEST_FILE) && !names.some(isLease);

const isLease = (name: string): boolean => leaseToken(name) !== undefined;

const manifestLost = (backupId: string): NadbError =>
  new NadbError("NADB_CORRUPTION", `${manifestPath(backupId)} is missing, the index still has it`, {
    hint: "delete the backup, and take a new one",
  });

/** Oldest first. */
const byAge = (a: BackupInfo, b: BackupInfo): number =>
  a.sequence - b.sequence || compare(a.timestamp, b.timestamp) || compare(a.backupId, b.backupId);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const notARepository = (target: BackupTarget, what: string, hint: string): NadbError =>
  new NadbError("NADB_NOT_A_REPOSITORY", `${target.name}: ${what}`, { hint });
