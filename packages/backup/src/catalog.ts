// Which backups a repository has, and what may be done with them: ours (own-catalog.ts), or those of the Python original
// (python/catalog.ts), which are only read.
import { NadbError, quote } from "@nadb/core";
import type { Finding } from "./finding.js";
import type { Lease } from "./lease.js";
import type { BackupInfo } from "./manifest.js";
import type { ReaderLease } from "./readers.js";

export interface Scan {
  readonly backups: readonly BackupInfo[];
  readonly findings: readonly Finding[];
}

export interface DeleteOptions {
  /** Also what is pinned. Default false. */
  readonly force?: boolean;
  /** Whether it is still right to delete, by a look of then; asked once nobody else can work on what goes. Throws when it is not. */
  readonly stillRight?: (scan: Scan) => Promise<void>;
  /** Called often: it renews what is held meanwhile. */
  readonly meanwhile?: () => Promise<void>;
  /** As on a target that takes no file any more (deletions.ts). Default false. */
  readonly withoutLease?: boolean;
}

export interface SweepOptions {
  /** Look beside each backup, not beside some of them in turn. Default false. */
  readonly everywhere?: boolean;
}

export interface Catalog {
  /** All complete backups, oldest first, and a finding for each that its catalog entry does not tell any more. */
  scan(): Promise<Scan>;
  /** Throws NADB_NOT_FOUND for an unknown id, NADB_CORRUPTION for a damaged or lost manifest. */
  get(backupId: string): Promise<BackupInfo>;
  /** Throws NADB_CORRUPTION unless `child` goes on where `parent` ends. */
  checkLink(child: BackupInfo, parent: BackupInfo): void;
  /** Says that the backups are being read; undefined where nothing is ever taken away. */
  hold(backupIds: readonly string[]): Promise<ReaderLease | undefined>;
  // What follows writes, or prepares it; a catalog that is only read throws NADB_UNSUPPORTED.
  checkWritable(): Promise<void>;
  /** Answers which stay, and why. */
  deleteSeveral(
    backupIds: readonly string[],
    options: DeleteOptions,
  ): Promise<ReadonlyMap<string, NadbError>>;
  remove(backupId: string, lease?: Lease): Promise<void>;
  publish(info: BackupInfo): Promise<void>;
  /** As publish, with a place behind all others. @param last called right before the manifest is written. */
  publishNewest(info: BackupInfo, last?: () => Promise<void>): Promise<BackupInfo>;
  replace(info: BackupInfo): Promise<void>;
  removeReplaced(backupId: string): Promise<void>;
  checkUnused(backupId: string): Promise<void>;
  sweepLeftovers(options?: SweepOptions): Promise<void>;
}

/** Oldest first. */
export const byAge = (a: BackupInfo, b: BackupInfo): number =>
  a.sequence - b.sequence || compare(a.timestamp, b.timestamp) || compare(a.backupId, b.backupId);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The error for an id that no backup has, with those there are. */
export function unknownBackup(backupId: string, backups: readonly BackupInfo[]): NadbError {
  const ids = backups.map((info) => info.backupId);
  const hint =
    ids.length === 0 ? "there are no backups yet" : `there are: ${ids.slice(-5).join(", ")}`;
  return new NadbError("NADB_NOT_FOUND", `there is no backup ${quote(backupId)}`, { hint });
}
