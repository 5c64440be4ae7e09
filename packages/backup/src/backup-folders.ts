// The folders of the backups that NADB writes, as they stand there: names, manifests, and what is left of a lost one.
import { isNadbError, NadbError } from "@nadb/core";
import { hasOwnData, isLostManifest } from "./folder.js";
import { readIndex } from "./index-file.js";
import {
  type BackupInfo,
  decodeManifest,
  isObject,
  isOwnFormat,
  MAX_MANIFEST_BYTES,
  parseJson,
} from "./manifest.js";
import { isBackupId, manifestPath } from "./paths.js";
import { type BackupTarget, readWhole } from "./target.js";

export class BackupFolders {
  constructor(readonly target: BackupTarget) {}

  /** Folders that may be backups'. */
  async ids(): Promise<string[]> {
    const entries = await this.target.list("");
    const folders = entries.filter(({ type, name }) => type === "folder" && isBackupId(name));
    return folders.map(({ name }) => name);
  }

  /** Of the files of one. */
  async names(backupId: string): Promise<string[]> {
    return (await this.target.list(backupId, { sizes: false })).map(({ name }) => name);
  }

  /** Undefined when there is no such backup. Throws NADB_CORRUPTION, NADB_NEWER_FORMAT. */
  async manifest(backupId: string): Promise<BackupInfo | undefined> {
    const path = manifestPath(backupId);
    try {
      const info = decodeManifest(await this.manifestBytes(backupId), path);
      if (info.backupId === backupId) return info;
    } catch (error) {
      if (isNadbError(error, "NADB_NOT_FOUND")) return undefined;
      throw error;
    }
    throw new NadbError("NADB_CORRUPTION", `${path} is the manifest of another backup`);
  }

  /** Throws NADB_NOT_FOUND. */
  manifestBytes(backupId: string): Promise<Uint8Array> {
    return readWhole(this.target, manifestPath(backupId), MAX_MANIFEST_BYTES);
  }

  /** Whether it has a manifest that says it is ours, sound or not. */
  async hasOwnManifest(backupId: string): Promise<boolean> {
    const path = manifestPath(backupId);
    try {
      const json = parseJson(await this.manifestBytes(backupId), path);
      return isObject(json) && isOwnFormat(json.format);
    } catch (error) {
      if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
        return false;
      throw error;
    }
  }

  /** A backup that is there, or that was and is damaged. */
  async isTaken(backupId: string): Promise<boolean> {
    const hasManifest = (await this.target.size(manifestPath(backupId))) !== undefined;
    return hasManifest || (await this.hasLostManifest(backupId));
  }

  /** The folder holds data that nobody was writing or removing, and they are ours: by their names, or the index knows them. */
  async hasLostManifest(backupId: string, index = () => readIndex(this.target)): Promise<boolean> {
    const names = await this.names(backupId);
    if (!isLostManifest(names)) return false;
    return hasOwnData(names) || ((await index())?.has(backupId) ?? false);
  }
}
