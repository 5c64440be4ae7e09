// Backups as text.
import type { BackupInfo } from "@nadb/backup";
import { formatBytes, formatCount, formatFields, formatTable, printable } from "../../format.js";

export function infoText(info: BackupInfo): string {
  const isFull = info.parentBackupId === null;
  return formatFields([
    ["backup", info.backupId],
    ["type", isFull ? info.backupType : `${info.backupType}, of ${info.parentBackupId}`],
    ["taken", info.timestamp],
    ...(info.label === null ? [] : [["label", labelText(info)] as const]),
    ["source", `${info.sourceDb}/${info.sourceNamespace}`],
    ...(info.salvagedFrom === undefined
      ? []
      : [["salvaged", `from ${info.salvagedFrom}`] as const]),
    ["records", formatCount(info.recordCount)],
    ...(isFull ? [] : [["deletes", formatCount(info.tombstoneCount)] as const]),
    ["values", formatBytes(info.totalSize)],
    ["stored", `${formatBytes(info.storedSize)} (${info.format}, codec ${info.codec})`],
    ["checksum", info.checksum],
    ...proofOf(info),
  ]);
}

/** A backup of the Python original has neither. */
const proofOf = ({ toCheckpoint, stateDigest }: BackupInfo): [string, string][] =>
  stateDigest === ""
    ? []
    : [
        ["checkpoint", toCheckpoint],
        ["digest", stateDigest],
      ];

const labelText = ({ label, setSize }: BackupInfo): string =>
  setSize === 1 ? `${label}` : `${label}, ${setSize} backups taken together`;

/** @param pins by id, what a backup is pinned for; the column is there when one is. */
export function listText(
  backups: readonly BackupInfo[],
  pins: ReadonlyMap<string, string | null> = new Map(),
): string {
  if (backups.length === 0) return "";
  const pinOf = (id: string): string[] =>
    pins.size === 0 ? [] : [pins.has(id) ? printable(pins.get(id) ?? "yes") : "-"];
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
    info.label ?? "-",
    ...pinOf(info.backupId),
  ]);
  return formatTable(
    [
      [
        "ID",
        "TYPE",
        "PARENT",
        "TAKEN",
        "RECORDS",
        "DELETES",
        "VALUES",
        "STORED",
        "SOURCE",
        "LABEL",
        ...(pins.size === 0 ? [] : ["PINNED"]),
      ],
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
