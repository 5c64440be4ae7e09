// The backups that the Python original has written: its index is all there is to know of them. They are read and never
// changed; the original would not know what to make of deletes, checkpoints and digests.
import { checkName, corruption, isNadbError, NadbError, quote } from "@nadb/core";
import { byAge, type Catalog, type Scan, unknownBackup } from "../catalog.js";
import { asFinding, type Finding } from "../finding.js";
import type { BackupInfo } from "../manifest.js";
import { dataPath, INDEX_PATH } from "../paths.js";
import type { BackupTarget } from "../target.js";
import { infoFrom, type PythonIndex, readPythonIndex } from "./index-file.js";

export class PythonCatalog implements Catalog {
  constructor(readonly target: BackupTarget) {}

  static async isOne(target: BackupTarget): Promise<boolean> {
    return (await readPythonIndex(target)) !== undefined;
  }

  async scan(): Promise<Scan> {
    const { backups, findings } = readEntries(await this.#index());
    return { backups: await Promise.all(backups.map((info) => this.#withSize(info))), findings };
  }

  async get(backupId: string): Promise<BackupInfo> {
    checkName("backup id", backupId);
    const index = await this.#index();
    const { backups } = readEntries(index);
    const info = backups.find((one) => one.backupId === backupId);
    if (info !== undefined) return this.#withSize(info);
    if (index.has(backupId)) infoFrom(backupId, index.get(backupId)); // says what is wrong with it
    throw unknownBackup(backupId, backups);
  }

  /** Nobody takes anything away from it while it is read. */
  async hold(): Promise<undefined> {
    return undefined;
  }

  /** The index tells a parent by its id alone. */
  checkLink(child: BackupInfo, parent: BackupInfo): void {
    if (child.sourceDb === parent.sourceDb && child.sourceNamespace === parent.sourceNamespace)
      return;
    throw corruption(
      `${INDEX_PATH}: ${quote(child.backupId)} and its parent ${quote(parent.backupId)} are of two namespaces`,
    );
  }

  async checkWritable(): Promise<void> {
    throw this.#isOnlyRead();
  }

  async deleteSeveral(): Promise<never> {
    throw this.#isOnlyRead();
  }

  async remove(): Promise<void> {
    throw this.#isOnlyRead();
  }

  async publishNewest(): Promise<never> {
    throw this.#isOnlyRead();
  }

  async publish(): Promise<void> {
    throw this.#isOnlyRead();
  }

  async replace(): Promise<void> {
    throw this.#isOnlyRead();
  }

  async removeReplaced(): Promise<void> {
    throw this.#isOnlyRead();
  }

  async checkUnused(): Promise<void> {
    throw this.#isOnlyRead();
  }

  async sweepLeftovers(): Promise<void> {
    throw this.#isOnlyRead();
  }

  #isOnlyRead(): NadbError {
    return new NadbError(
      "NADB_UNSUPPORTED",
      `${this.target.name} is a repository of the Python original: it is only read`,
      { hint: "restore from it, and take a backup into a new repository" },
    );
  }

  async #index(): Promise<PythonIndex> {
    const index = await readPythonIndex(this.target);
    if (index !== undefined) return index;
    throw corruption(`${INDEX_PATH} is no index of the Python original any more`);
  }

  /** A file that is missing is found when it is read. */
  async #withSize(info: BackupInfo): Promise<BackupInfo> {
    const storedSize = await this.target.size(dataPath(info.backupId, info.dataFile));
    return { ...info, storedSize: storedSize ?? 0 };
  }
}

/** In the order of their age. */
function readEntries(index: PythonIndex): { backups: BackupInfo[]; findings: Finding[] } {
  const backups: BackupInfo[] = [];
  const findings: Finding[] = [];
  for (const [id, entry] of index) {
    try {
      backups.push(infoFrom(id, entry));
    } catch (error) {
      if (!isNadbError(error, "NADB_CORRUPTION")) throw error;
      findings.push(asFinding(id, error));
    }
  }
  backups.sort(byAge);
  return { backups: backups.map((info, i) => ({ ...info, sequence: i + 1 })), findings };
}
