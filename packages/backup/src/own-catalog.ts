// The backups that NADB writes. A backup exists once its manifest does. The index is a copy of all manifests: lost, damaged
// or behind it hides nothing. Data without a manifest were a dead writer's if his lease is beside them, else they are damage.
import { checkName, NadbError, quote } from "@nadb/core";
import { BackupFolders } from "./backup-folders.js";
import {
  byAge,
  type Catalog,
  type DeleteOptions,
  type Scan,
  type SweepOptions,
  unknownBackup,
} from "./catalog.js";
import { checkLink } from "./chain.js";
import { Deletions } from "./deletions.js";
import { asManifestFinding, type Finding } from "./finding.js";
import { nextSequence, readIndex, rewriteIndex } from "./index-file.js";
import type { Lease, LeaseHost } from "./lease.js";
import { type BackupInfo, encodeManifest } from "./manifest.js";
import { isDataFile, manifestPath, PACK_FILE } from "./paths.js";
import { type Held, ReaderLease } from "./readers.js";
import { mapSeveral } from "./several.js";
import { Sweeper } from "./sweeper.js";
import type { BackupTarget } from "./target.js";
import { isUnreachable } from "./unreachable.js";

/** Manifests read at a time: enough for a target that answers slowly. */
const READ_AT_ONCE = 16;

export class OwnCatalog implements Catalog {
  readonly checkLink = checkLink;
  readonly #held: Held = new Set();
  readonly #folders: BackupFolders;
  readonly #sweeper: Sweeper;
  readonly #deletions: Deletions;

  constructor(
    readonly target: BackupTarget,
    readonly host: LeaseHost,
  ) {
    this.#folders = new BackupFolders(target);
    this.#sweeper = new Sweeper(this.#folders, host);
    this.#deletions = new Deletions({
      folders: this.#folders,
      sweeper: this.#sweeper,
      host,
      scan: () => this.scan(),
    });
  }

  // A readable index, or at least one backup, tells a repository from a folder of something else.

  async hasIndex(): Promise<boolean> {
    return (await readIndex(this.target)) !== undefined;
  }

  async hasBackup(): Promise<boolean> {
    let failure: unknown;
    for (const id of await this.#folders.ids()) {
      try {
        if (await this.#isBackup(id)) return true;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return false;
  }

  async #isBackup(id: string): Promise<boolean> {
    const names = await this.#folders.names(id);
    if (names.includes(PACK_FILE)) return true;
    return names.some(isDataFile) && (await this.#folders.hasOwnManifest(id));
  }

  async scan(): Promise<Scan> {
    let read: ReturnType<typeof readIndex> | undefined;
    const index = () => (read ??= readIndex(this.target)); // seldom asked for
    const folders = await this.#folders.ids();
    const found = await mapSeveral(folders, READ_AT_ONCE, (id) => this.#look(id, index));
    const backups = found.flatMap(({ info }) => info ?? []).sort(byAge);
    const findings = found.flatMap(({ finding }) => finding ?? []);
    if (findings.some(isUnreachable)) await this.#folders.ids(); // throws where all of the target went away meanwhile
    return { backups, findings };
  }

  /** What a folder holds: a backup, one that is damaged, or none. */
  async #look(
    id: string,
    index: () => ReturnType<typeof readIndex>,
  ): Promise<{ readonly info?: BackupInfo; readonly finding?: Finding }> {
    try {
      const info = await this.#folders.manifest(id);
      if (info !== undefined) return { info };
      if (await this.#folders.hasLostManifest(id, index)) throw manifestLost(id);
      return {};
    } catch (error) {
      return { finding: asManifestFinding(id, error) };
    }
  }

  async get(backupId: string): Promise<BackupInfo> {
    checkName("backup id", backupId);
    const info = await this.#folders.manifest(backupId);
    if (info !== undefined) return info;
    throw (await this.#folders.hasLostManifest(backupId))
      ? manifestLost(backupId)
      : await this.#unknown(backupId);
  }

  async checkWritable(): Promise<void> {}

  /** A backup whose manifest is damaged or lost can be deleted, too. */
  async deleteSeveral(
    backupIds: readonly string[],
    options: DeleteOptions,
  ): Promise<ReadonlyMap<string, NadbError>> {
    return this.#deletions.several(backupIds, options);
  }

  async remove(backupId: string, lease?: Lease): Promise<void> {
    await this.#sweeper.take(backupId, lease);
  }

  async publish(info: BackupInfo): Promise<void> {
    await this.#writeNew(info);
    await this.#index(await this.scan(), info);
  }

  /** One look tells its place and what the index is to say. */
  async publishNewest(info: BackupInfo, last?: () => Promise<void>): Promise<BackupInfo> {
    const scan = await this.scan();
    const placed = { ...info, sequence: await nextSequence(this.target, scan) };
    await last?.();
    await this.#writeNew(placed);
    await this.#index(scan, placed);
    return placed;
  }

  async replace(info: BackupInfo): Promise<void> {
    await this.target.write(manifestPath(info.backupId), [encodeManifest(info)]);
    await this.#index(await this.scan(), info);
  }

  async #writeNew(info: BackupInfo): Promise<void> {
    const path = manifestPath(info.backupId);
    await this.target.write(path, [encodeManifest(info)], { ifAbsent: true });
  }

  async #index(scan: Scan, info: BackupInfo): Promise<void> {
    await rewriteIndex(this.target, scan, (index) => index.set(info.backupId, info));
  }

  async hold(backupIds: readonly string[]): Promise<ReaderLease> {
    return ReaderLease.acquire(this.target, backupIds, this.host, this.#held);
  }

  async checkUnused(backupId: string): Promise<void> {
    if (!(await this.#folders.isTaken(backupId))) {
      if (await this.#sweeper.isBeingRead(backupId)) throw beingRead(backupId);
      return;
    }
    throw new NadbError("NADB_ALREADY_EXISTS", `there is a backup ${quote(backupId)} already`, {
      hint: "choose another id, or delete that backup first",
    });
  }

  async sweepLeftovers(options: SweepOptions = {}): Promise<void> {
    await this.#sweeper.sweepAll(options);
  }

  async removeReplaced(backupId: string): Promise<void> {
    await this.#sweeper.removeReplaced(backupId);
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
  new NadbError("NADB_CORRUPTION", `${manifestPath(backupId)} is missing, its data are there`, {
    hint: "repair the repository: what the index has a copy of is written anew",
  });
