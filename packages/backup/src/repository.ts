// The repository: which backups there are. A backup exists once its manifest does. The index is a cache: what it
// lacks is read from the folders, and a lost or damaged one is rebuilt from them.
import { checkName, isNadbError, NadbError, quote } from "@nadb/core";
import { readIndex, writeIndex } from "./index-file.js";
import { Lease, type LeaseHost } from "./lease.js";
import { type BackupInfo, decodeManifest, encodeManifest, MAX_MANIFEST_BYTES } from "./manifest.js";
import {
  DATA_FILE,
  dataPath,
  INDEX_PATH,
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
  verifyRun,
} from "./verify.js";

export interface OpenRepositoryOptions {
  /** Make a repository of an empty target. Default false: NADB_NOT_A_REPOSITORY. */
  readonly create?: boolean;
}

export interface Scan {
  readonly backups: readonly BackupInfo[];
  readonly findings: readonly Finding[];
}

export class Repository {
  private constructor(readonly target: BackupTarget) {}

  /** Throws NADB_NOT_A_REPOSITORY when there is none, or the target holds something else. */
  static async open(
    target: BackupTarget,
    options: OpenRepositoryOptions = {},
  ): Promise<Repository> {
    const repository = new Repository(target);
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
    for (const id of await this.#completeIds()) {
      try {
        const info = index?.get(id) ?? (await this.#readManifest(id));
        if (info !== undefined) backups.push(info);
      } catch (error) {
        findings.push(asFinding(id, error));
      }
    }
    backups.sort((a, b) => compare(a.timestamp, b.timestamp) || compare(a.backupId, b.backupId));
    return { backups, findings };
  }

  /** Throws NADB_NOT_FOUND for an unknown id, NADB_CORRUPTION for a damaged manifest. */
  async get(backupId: string): Promise<BackupInfo> {
    checkName("backup id", backupId);
    const info = await this.#readManifest(backupId);
    if (info === undefined) throw await this.#unknown(backupId);
    return info;
  }

  /** Reads the backup as a restore would and reports all it finds; changes nothing. */
  async verify(backupId: string, options: LongWork = {}): Promise<Verification> {
    let info: BackupInfo;
    try {
      info = await this.get(backupId);
    } catch (error) {
      return unreadableManifest(asFinding(backupId, error));
    }
    return verifyRun(this.target, info, options);
  }

  /** Throws NADB_NOT_FOUND for an unknown id. A backup whose manifest is damaged can be deleted, too. */
  async delete(backupId: string): Promise<void> {
    checkName("backup id", backupId);
    if ((await this.target.size(manifestPath(backupId))) === undefined) {
      throw await this.#unknown(backupId);
    }
    await this.#updateIndex((index) => index.delete(backupId));
    await this.remove(backupId);
  }

  /** The manifest goes first: a backup is there whole or not at all. */
  async remove(backupId: string): Promise<void> {
    await this.target.remove(manifestPath(backupId));
    await this.target.remove(backupId);
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
    if ((await this.target.size(manifestPath(backupId))) === undefined) return;
    throw new NadbError("NADB_ALREADY_EXISTS", `there is a backup ${quote(backupId)} already`, {
      hint: "choose another id, or delete that backup first",
    });
  }

  /** Removes what dead writers left behind: folders without a manifest, leases beside one. */
  async sweepLeftovers(host: LeaseHost): Promise<void> {
    for (const id of await this.#folders()) {
      if (!hasLeftovers(await this.#names(id))) continue;
      try {
        await this.#sweep(id, host);
      } catch (error) {
        if (!isNadbError(error, "NADB_LOCKED")) throw error; // its writer is alive
      }
    }
  }

  /** Under a lease, so that nobody begins to write there meanwhile. */
  async #sweep(backupId: string, host: LeaseHost): Promise<void> {
    const lease = await Lease.acquire(this.target, backupId, host);
    const names = await this.#names(backupId);
    await lease.confirm();
    if (names.includes(MANIFEST_FILE)) await lease.release();
    else await this.target.remove(backupId);
  }

  async #names(backupId: string): Promise<string[]> {
    return (await this.target.list(backupId)).map(({ name }) => name);
  }

  async #completeIds(): Promise<string[]> {
    const ids: string[] = [];
    for (const id of await this.#folders()) {
      if ((await this.target.size(manifestPath(id))) !== undefined) ids.push(id);
    }
    return ids;
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
    const index = new Map((await this.list()).map((info) => [info.backupId, info]));
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
    ? names.some(isLease)
    : names.every((name) => name === DATA_FILE || isLease(name));

const isLease = (name: string): boolean => leaseToken(name) !== undefined;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const notARepository = (target: BackupTarget, what: string, hint: string): NadbError =>
  new NadbError("NADB_NOT_A_REPOSITORY", `${target.name}: ${what}`, { hint });
