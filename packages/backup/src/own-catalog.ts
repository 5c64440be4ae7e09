// The backups that NADB writes. A backup exists once its manifest does. The index is a copy of all manifests: lost, damaged
// or behind it hides nothing, and it tells a lost manifest from an unfinished backup.
import { checkName, isNadbError, NadbError, quote } from "@nadb/core";
import { byAge, type Catalog, type DeleteOptions, type Scan, unknownBackup } from "./catalog.js";
import { checkLink } from "./chain.js";
import { asFinding, type Finding } from "./finding.js";
import { isLeftover, isLostManifest } from "./folder.js";
import { readIndex, writeIndex } from "./index-file.js";
import { Lease, type LeaseHost } from "./lease.js";
import {
  type BackupInfo,
  decodeManifest,
  encodeManifest,
  isObject,
  isOwnFormat,
  MAX_MANIFEST_BYTES,
  parseJson,
} from "./manifest.js";
import {
  dataPath,
  isBackupId,
  isBeside,
  isDataFile,
  isPiece,
  MANIFEST_FILE,
  manifestPath,
  mergedAt,
  PACK_FILE,
} from "./paths.js";
import { backupsBeingRead, type Held, ReaderLease, sweepReaders } from "./readers.js";
import { checkNotPinned } from "./retention/pin-file.js";
import { mapSeveral } from "./several.js";
import { type BackupTarget, readWhole } from "./target.js";

/** Manifests read at a time: enough for a target that answers slowly. */
const READ_AT_ONCE = 16;

export const MERGED_STAYS_MS = 24 * 60 * 60_000;

export class OwnCatalog implements Catalog {
  readonly checkLink = checkLink;
  readonly #held: Held = new Set();

  constructor(
    readonly target: BackupTarget,
    readonly host: LeaseHost,
  ) {}

  // A readable index, or at least one backup, tells a repository from a folder of something else.

  async hasIndex(): Promise<boolean> {
    return (await readIndex(this.target)) !== undefined;
  }

  async hasBackup(): Promise<boolean> {
    for (const id of await this.#folders()) {
      const names = await this.#names(id);
      if (names.includes(PACK_FILE)) return true;
      if (names.some(isDataFile) && (await this.#hasOwnManifest(id))) return true;
    }
    return false;
  }

  async scan(): Promise<Scan> {
    let read: ReturnType<typeof readIndex> | undefined;
    const index = () => (read ??= readIndex(this.target)); // only a folder without a manifest asks for it
    const folders = await this.#folders();
    const found = await mapSeveral(folders, READ_AT_ONCE, (id) => this.#look(id, index));
    const backups = found.flatMap(({ info }) => info ?? []).sort(byAge);
    return { backups, findings: found.flatMap(({ finding }) => finding ?? []) };
  }

  /** What a folder holds: a backup, one that is damaged, or none. */
  async #look(
    id: string,
    index: () => ReturnType<typeof readIndex>,
  ): Promise<{ readonly info?: BackupInfo; readonly finding?: Finding }> {
    try {
      const info = await this.#readManifest(id);
      if (info !== undefined) return { info };
      if (isLostManifest(await this.#names(id)) && (await index())?.has(id)) throw manifestLost(id);
      return {};
    } catch (error) {
      return { finding: asFinding(id, error) };
    }
  }

  async get(backupId: string): Promise<BackupInfo> {
    checkName("backup id", backupId);
    const info = await this.#readManifest(backupId);
    if (info !== undefined) return info;
    throw (await this.#hasLostManifest(backupId))
      ? manifestLost(backupId)
      : await this.#unknown(backupId);
  }

  async checkWritable(): Promise<void> {}

  /** A backup whose manifest is damaged or lost can be deleted, too. */
  async delete(backupId: string, { force = false }: DeleteOptions = {}): Promise<void> {
    checkName("backup id", backupId);
    if (!(await this.#isTaken(backupId))) throw await this.#unknown(backupId);
    const lease = await Lease.acquire(this.target, backupId, this.host);
    try {
      if (!force) await checkNotPinned(this.target, backupId);
      await this.#checkNoDependents(backupId);
    } catch (error) {
      await lease.release();
      throw error;
    }
    await this.#updateIndex((index) => index.delete(backupId));
    await lease.confirm();
    if (!(await this.#take(backupId))) await lease.end();
  }

  async #checkNoDependents(backupId: string): Promise<void> {
    const { backups } = await this.scan();
    const children = backups.filter((info) => info.parentBackupId === backupId);
    if (children.length === 0) return;
    const ids = children.map((child) => quote(child.backupId)).join(", ");
    throw new NadbError("NADB_CONFLICT", `${ids} can not be restored without ${quote(backupId)}`, {
      hint: "delete the incrementals first, the newest before its parent",
    });
  }

  async remove(backupId: string): Promise<void> {
    await this.#take(backupId);
  }

  /**
   * The manifest goes first: a backup is there whole or not at all. The lease goes last: it tells what is left. Answers
   * false when somebody is reading it; then its data stay for a later sweep.
   */
  async #take(backupId: string): Promise<boolean> {
    await this.target.remove(manifestPath(backupId));
    for (const name of (await this.#names(backupId)).filter(isBeside))
      await this.target.remove(`${backupId}/${name}`);
    if (await this.#isBeingRead(backupId)) return false;
    for (const name of (await this.#names(backupId)).filter(isDataFile))
      await this.target.remove(`${backupId}/${name}`);
    await this.target.remove(backupId);
    return true;
  }

  async publish(info: BackupInfo): Promise<void> {
    await this.target.write(manifestPath(info.backupId), [encodeManifest(info)], {
      ifAbsent: true,
    });
    await this.#updateIndex((index) => index.set(info.backupId, info));
  }

  async replace(info: BackupInfo): Promise<void> {
    await this.target.write(manifestPath(info.backupId), [encodeManifest(info)]);
    await this.#updateIndex((index) => index.set(info.backupId, info));
  }

  async hold(backupIds: readonly string[]): Promise<ReaderLease> {
    return ReaderLease.acquire(this.target, backupIds, this.host, this.#held);
  }

  async checkUnused(backupId: string): Promise<void> {
    if (!(await this.#isTaken(backupId))) {
      if (await this.#isBeingRead(backupId)) throw beingRead(backupId);
      return;
    }
    throw new NadbError("NADB_ALREADY_EXISTS", `there is a backup ${quote(backupId)} already`, {
      hint: "choose another id, or delete that backup first",
    });
  }

  async sweepLeftovers(): Promise<void> {
    await sweepReaders(this.target, this.host.clock());
    for (const id of await this.#folders()) {
      if (!isLeftover(await this.#names(id)) || (await this.#hasLostManifest(id))) continue;
      try {
        await this.#sweep(id);
      } catch (error) {
        if (!isNadbError(error, "NADB_LOCKED")) throw error; // its writer is alive
      }
    }
  }

  /** Under both leases, so that nobody begins to write there meanwhile. */
  async #sweep(backupId: string): Promise<void> {
    const lease = await Lease.acquire(this.target, backupId, this.host);
    const merge = await Lease.acquire(this.target, backupId, this.host, "merge").catch(
      async (error) => {
        await lease.release();
        throw error;
      },
    );
    const names = await this.#names(backupId);
    await lease.confirm();
    if (names.includes(MANIFEST_FILE)) {
      for (const piece of names.filter(isPiece)) await this.target.remove(`${backupId}/${piece}`);
      await this.removeReplaced(backupId);
      await merge.release();
      await lease.release();
    } else if (!(await this.#take(backupId))) {
      await lease.end();
      await merge.end();
    }
  }

  /**
   * Data that the manifest does not name any more, unless somebody is reading it. Merged data stay for a day: whoever
   * wrote them may be asleep, and wake up to name them. REQUIRES: the lease on the id.
   */
  async removeReplaced(backupId: string): Promise<void> {
    const now = this.host.clock();
    const files = (await this.#names(backupId)).filter(isDataFile);
    if (files.length < 2 || (await this.#isBeingRead(backupId))) return;
    const named = (await this.#readManifest(backupId))?.dataFile;
    if (named === undefined) return;
    for (const name of files) {
      const isDue = (mergedAt(name) ?? 0) + MERGED_STAYS_MS <= now;
      if (name !== named && isDue) await this.target.remove(dataPath(backupId, name));
    }
  }

  async #isBeingRead(backupId: string): Promise<boolean> {
    return (await backupsBeingRead(this.target, this.host.clock())).has(backupId);
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
    if (!isLostManifest(await this.#names(backupId))) return false;
    return (await readIndex(this.target))?.has(backupId) ?? false;
  }

  async #folders(): Promise<string[]> {
    const entries = await this.target.list("");
    const folders = entries.filter(({ type, name }) => type === "folder" && isBackupId(name));
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

  /** Whether the folder has a manifest that says it is ours, sound or not. */
  async #hasOwnManifest(backupId: string): Promise<boolean> {
    const path = manifestPath(backupId);
    try {
      const json = parseJson(await readWhole(this.target, path, MAX_MANIFEST_BYTES), path);
      return isObject(json) && isOwnFormat(json.format);
    } catch (error) {
      if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
        return false;
      throw error;
    }
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

  async #unknown(backupId: string): Promise<NadbError> {
    return unknownBackup(backupId, (await this.scan()).backups);
  }
}

const beingRead = (backupId: string): NadbError =>
  new NadbError("NADB_LOCKED", `somebody is reading what was the backup ${quote(backupId)}`, {
    hint: "choose another id, or wait until they are done",
  });

const manifestLost = (backupId: string): NadbError =>
  new NadbError("NADB_CORRUPTION", `${manifestPath(backupId)} is missing, the index still has it`, {
    hint: "delete the backup, and take a new one",
  });
