// The index of a repository of the Python original: metadata.json at its root, an object of the backups' fields by id. It
// is the only list of its backups; their folders hold data.json.gz or data.json and nothing else.
import { corruption, isNadbError, quote } from "@nadb/core";
import { countOf, type Fields, textOf, wrong } from "../json/fields.js";
import { formatLocalTime, parseTime } from "../json/times.js";
import { type BackupInfo, isObject, parseJson } from "../manifest.js";
import { INDEX_PATH, isSafeName, JSON_FILE, JSON_GZIP_FILE } from "../paths.js";
import { type BackupTarget, readWhole } from "../target.js";

const MAX_INDEX_BYTES = 256 << 20;
/** What tells an entry from other JSON. */
const ENTRY_FIELDS = ["backup_type", "file_count", "checksum", "source_namespace"];

export type PythonIndex = ReadonlyMap<string, unknown>;

/** Undefined when there is none: no file, or not one entry in it that is the original's. */
export async function readPythonIndex(target: BackupTarget): Promise<PythonIndex | undefined> {
  try {
    const json = parseJson(await readWhole(target, INDEX_PATH, MAX_INDEX_BYTES), INDEX_PATH);
    if (!isObject(json)) return undefined;
    const entries = Object.entries(json);
    return entries.some(isEntry) ? new Map(entries) : undefined;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return undefined;
    throw error;
  }
}

const isEntry = ([id, entry]: readonly [string, unknown]): boolean =>
  isObject(entry) && entry.backup_id === id && ENTRY_FIELDS.every((name) => name in entry);

export async function writePythonIndex(target: BackupTarget, index: PythonIndex): Promise<void> {
  const text = `${JSON.stringify(Object.fromEntries(index), null, 2)}\n`;
  await target.write(INDEX_PATH, [new TextEncoder().encode(text)]);
}

/** What the index says of one backup, in our words; where it stands and how long its file is others know. Throws NADB_CORRUPTION. */
export function infoFrom(backupId: string, entry: unknown): BackupInfo {
  try {
    if (!isObject(entry)) throw corruption("this is no object");
    return readEntry(backupId, entry);
  } catch (error) {
    if (!isNadbError(error, "NADB_CORRUPTION")) throw error;
    throw corruption(`${INDEX_PATH}, backup ${quote(backupId)}: ${error.message}`);
  }
}

function readEntry(backupId: string, entry: Fields): BackupInfo {
  if (entry.backup_id !== backupId || !isSafeName(backupId))
    throw wrong("backup_id", entry.backup_id, "the entry's own name, fit for a folder");
  const { compression } = entry;
  if (typeof compression !== "boolean") throw wrong("compression", compression, "true or false");
  const recordCount = countOf(entry, "file_count");
  return {
    backupId,
    sequence: 0,
    timestamp: timestampOf(entry),
    ...kindOf(entry),
    sourceDb: textOf(entry, "source_db"),
    sourceNamespace: textOf(entry, "source_namespace"),
    fileCount: recordCount,
    recordCount,
    tombstoneCount: 0,
    totalSize: countOf(entry, "total_size"),
    storedSize: 0,
    checksum: checksumOf(entry),
    compression,
    codec: compression ? "gzip" : "none",
    dataFile: compression ? JSON_GZIP_FILE : JSON_FILE,
    ...NOT_KNOWN,
  };
}

/** What the original does not tell. */
export const NOT_KNOWN = {
  label: null,
  setSize: 1,
  parentChecksum: null,
  fromCheckpoint: null,
  toCheckpoint: "",
  generation: "",
  fromVersion: null,
  toVersion: 0,
  stateDigest: "",
  format: "python-json",
  formatVersion: 1,
} as const;

function timestampOf(entry: Fields): string {
  const text = textOf(entry, "timestamp");
  const time = parseTime(text);
  if (time === undefined) throw wrong("timestamp", text, "a time");
  return new Date(time).toISOString();
}

function kindOf(entry: Fields): Pick<BackupInfo, "backupType" | "parentBackupId"> {
  const { backup_type: backupType, parent_backup_id: parent = null } = entry;
  if (backupType === "full" && parent === null) return { backupType, parentBackupId: null };
  if (backupType === "incremental" && typeof parent === "string" && isSafeName(parent))
    return { backupType, parentBackupId: parent };
  throw corruption(`backup_type ${quote(backupType)} does not go with its parent ${quote(parent)}`);
}

/** Bare hex, or as the chapter about the original has it. */
function checksumOf(entry: Fields): string {
  const text = textOf(entry, "checksum");
  const hex = text.startsWith("sha256:") ? text.slice("sha256:".length) : text;
  if (/^[0-9a-f]{64}$/.test(hex)) return `sha256:${hex}`;
  throw wrong("checksum", text, "a SHA-256 in hex");
}

/** A backup as the original has it in its index. */
export const entryOf = (info: BackupInfo): Fields => ({
  backup_id: info.backupId,
  timestamp: formatLocalTime(Date.parse(info.timestamp)),
  backup_type: info.backupType,
  source_db: info.sourceDb,
  source_namespace: info.sourceNamespace,
  file_count: info.fileCount,
  total_size: info.totalSize,
  checksum: info.checksum.slice("sha256:".length),
  compression: info.compression,
  parent_backup_id: info.parentBackupId,
});
