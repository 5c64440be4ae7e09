// Backups as text.
import type { BackupInfo } from "@nadb/backup";
import { formatBytes, formatCount, formatFields, formatTable } from "../../format.js";

export function infoText(info: BackupInfo): string {
  const isFull = info.parentBackupId === null;
  return formatFields([
    ["backup", info.backupId],
    ["type", isFull ? info.backupType : `${info.backupType}, of ${info.parentBackupId}`],
    ["taken", info.timestamp],
    ["source", `${info.sourceDb}/${info.sourceNamespace}`],
    ["records", formatCount(info.recordCount)],
    ...(isFull ? [] : [["deletes", formatCount(info.tombstoneCount)] as const]),
    ["values", formatBytes(info.totalSize)],
    ["stored", `${formatBytes(info.storedSize)} (codec ${info.codec})`],
    ["checksum", info.checksum],
    ["checkpoint", info.toCheckpoint],
    ["digest", info.stateDigest],
  ]);
}

export function listText(backups: readonly BackupInfo[]): string {
  if (backups.length === 0) return "";
  const rows = backups.map((info) => [
    info.backupId,
    info.backupType,
    info.parentBackupId ?? "-",
    info.timestamp,
    formatCount(info.recordCount),
    formatCount(info.tombstoneCount),
    formatBytes(info.totalSize),
    formatBytes(info.storedSize),
    `${info.sourceDb}/${info.sourceNamespace}`,
  ]);
  return formatTable(
    [
      ["ID", "TYPE", "PARENT", "TAKEN", "RECORDS", "DELETES", "VALUES", "STORED", "SOURCE"],
      ...rows,
    ],
    [4, 5, 6, 7],
  );
}

/** A chain, oldest first: a full, and each incremental that is laid over it. One that does not begin with a full says so. */
export function chainText(chain: readonly BackupInfo[]): string {
  const rows = chain.map((info) => [
    info.parentBackupId === null ? " " : "+",
    info.backupId,
    info.backupType,
    info.timestamp,
    formatCount(info.recordCount),
    formatCount(info.tombstoneCount),
    formatBytes(info.totalSize),
    formatBytes(info.storedSize),
  ]);
  const before = chain[0]?.parentBackupId ?? null;
  const missing = before === null ? [] : [["?", before, "not readable", "", "", "", "", ""]];
  return formatTable(
    [["", "ID", "TYPE", "TAKEN", "RECORDS", "DELETES", "VALUES", "STORED"], ...missing, ...rows],
    [4, 5, 6, 7],
  );
}
