// A manifest's JSON, read, edited and forged without the codec.
import type { BackupInfo, BackupTarget } from "../../src/index.js";
import { readFile, sha256Hex, writeFile } from "./files.js";

export type Json = Record<string, unknown>;

export const readJson = async (target: BackupTarget, path: string): Promise<Json> =>
  JSON.parse(Buffer.from(await readFile(target, path)).toString());

export const writeJson = (target: BackupTarget, path: string, json: unknown): Promise<void> =>
  writeFile(target, path, JSON.stringify(json, null, 2));

/** As docs/format.md has it: SHA-256 of the JSON, without white space, of all other fields in order of name. */
export function manifestChecksum(json: Json): string {
  const names = Object.keys(json).filter((name) => name !== "manifest_checksum");
  const sorted = Object.fromEntries(names.sort().map((name) => [name, json[name]]));
  return `sha256:${sha256Hex(Buffer.from(JSON.stringify(sorted)))}`;
}

/** The fields with a checksum that is right. */
export const seal = (json: Json): Json => ({ ...json, manifest_checksum: manifestChecksum(json) });

export const sample: BackupInfo = {
  backupId: "my_first_backup",
  sequence: 7,
  timestamp: "2026-01-02T03:04:05.678Z",
  backupType: "full",
  sourceDb: "my_db",
  sourceNamespace: "demo",
  fileCount: 3,
  recordCount: 2,
  tombstoneCount: 1,
  totalSize: 99,
  storedSize: 77,
  checksum: `sha256:${"ab".repeat(32)}`,
  compression: true,
  codec: "gzip",
  label: null,
  setSize: 1,
  parentBackupId: null,
  parentChecksum: null,
  fromCheckpoint: null,
  toCheckpoint: "1.abc",
  generation: "1",
  fromVersion: null,
  toVersion: 9,
  stateDigest: "cd".repeat(32),
  stateCount: 2,
  stateBytes: 99,
  dataFile: "data.nadb",
  format: "nadb-pack",
  formatVersion: 1,
};

/** With every field there is. */
export const wholeSample: BackupInfo = {
  ...sample,
  takenFileCount: 2,
  takenTombstoneCount: 1,
  takenTotalSize: 50,
  takenStoredSize: 40,
  takenParentCount: 3,
  salvagedFrom: "damaged",
};
