// Backups as text.
import type { BackupInfo } from "@nadb/backup";
import { formatBytes, formatCount, formatFields, formatTable } from "../../format.js";

export function infoText(info: BackupInfo): string {
  const fields: [string, string][] = [
    ["backup", info.backupId],
    [
      "type",
      info.parentBackupId ? `${info.backupType}, of ${info.parentBackupId}` : info.backupType,
    ],
    ["taken", info.timestamp],
    ["source", `${info.sourceDb}/${info.sourceNamespace}`],
    ["records", formatCount(info.recordCount)],
    ["values", formatBytes(info.totalSize)],
    ["stored", `${formatBytes(info.storedSize)} (codec ${info.codec})`],
    ["checksum", info.checksum],
    ["checkpoint", info.toCheckpoint],
    ["digest", info.stateDigest],
  ];
  return formatFields(fields);
}

export function listText(backups: readonly BackupInfo[]): string {
  if (backups.length === 0) return "";
  const rows = backups.map((info) => [
    info.backupId,
    info.backupType,
    info.timestamp,
    formatCount(info.recordCount),
    formatBytes(info.totalSize),
    formatBytes(info.storedSize),
    `${info.sourceDb}/${info.sourceNamespace}`,
  ]);
  return formatTable(
    [["ID", "TYPE", "TAKEN", "RECORDS", "VALUES", "STORED", "SOURCE"], ...rows],
    [3, 4, 5],
  );
}
