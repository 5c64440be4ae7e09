// The run of a backup as it was taken. A merge replaces the run and keeps this of it in the manifest: what a namespace did
// between two cuts is judged by the run of that time, whatever becomes of the backups in between (health/anomalies.ts).
import type { BackupInfo, BackupType } from "./manifest.js";

export interface TakenRun {
  readonly backupType: BackupType;
  readonly fileCount: number;
  readonly tombstoneCount: number;
  readonly totalSize: number;
  readonly storedSize: number;
  /** Records of the state that it was laid over; undefined for a full, and where nobody counted them. */
  readonly parentCount: number | undefined;
}

/** Records of the namespace at the cut; undefined where nobody counted them. */
export const stateCountOf = (info: BackupInfo): number | undefined =>
  info.stateCount ?? (info.backupType === "full" ? info.recordCount : undefined);

/** @param parentCount of the parent that it has now. */
export function takenRunOf(info: BackupInfo, parentCount: number | undefined): TakenRun {
  const { takenFileCount, takenTombstoneCount, takenTotalSize, takenStoredSize } = info;
  return {
    backupType: takenFileCount === undefined ? info.backupType : "incremental",
    fileCount: takenFileCount ?? info.fileCount,
    tombstoneCount: takenTombstoneCount ?? info.tombstoneCount,
    totalSize: takenTotalSize ?? info.totalSize,
    storedSize: takenStoredSize ?? info.storedSize,
    parentCount: takenFileCount === undefined ? parentCount : info.takenParentCount,
  };
}

type Taken = Pick<
  BackupInfo,
  | "takenFileCount"
  | "takenTombstoneCount"
  | "takenTotalSize"
  | "takenStoredSize"
  | "takenParentCount"
>;

/** What the manifest of a merged backup keeps: of what was merged before, the first run. @param parent the one it had. */
export function keptOfRun(tip: BackupInfo, parent: BackupInfo): Taken {
  const run = takenRunOf(tip, stateCountOf(parent));
  return {
    takenFileCount: run.fileCount,
    takenTombstoneCount: run.tombstoneCount,
    takenTotalSize: run.totalSize,
    takenStoredSize: run.storedSize,
    ...(run.parentCount !== undefined && { takenParentCount: run.parentCount }),
  };
}
