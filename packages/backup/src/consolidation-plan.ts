// What a consolidation would merge, told by the manifests alone: no data file is read. The consolidation itself divides the
// chain by the same function.
import { invalidArgument, quote } from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { Repository } from "./repository.js";

export interface ConsolidationPlan {
  readonly backupId: string;
  /** What it goes on from afterwards; null: it is a full backup then. */
  readonly onto: string | null;
  /** The backups whose runs are merged, oldest first, the backup itself the last; none when there is nothing to merge. */
  readonly merged: readonly string[];
  /** To be read: changes, and bytes of data files. */
  readonly changeCount: number;
  readonly storedSize: number;
  /** What it restores to, before and after; null where its manifest does not tell. Bytes of values. */
  readonly recordCount: number | null;
  readonly totalSize: number | null;
  /** The backups that are laid over it, and stay so, each behind the one that it goes on from. */
  readonly dependents: readonly string[];
}

/** Throws NADB_NOT_FOUND, NADB_CORRUPTION for a broken chain, NADB_INVALID_ARGUMENT for an `onto` outside of it. */
export async function planConsolidation(
  repository: Repository,
  backupId: string,
  { onto = null }: { readonly onto?: string | null } = {},
): Promise<ConsolidationPlan> {
  await repository.checkWritable();
  const chain = await repository.chain(await repository.get(backupId));
  const { kept, merged } = dividedAt(chain, onto);
  const tip = chain.at(-1) as BackupInfo;
  const read = merged.length === 1 ? [] : merged;
  return {
    backupId,
    onto: kept.at(-1)?.backupId ?? null,
    merged: read.map((info) => info.backupId),
    changeCount: read.reduce((sum, info) => sum + info.fileCount, 0),
    storedSize: read.reduce((sum, info) => sum + info.storedSize, 0),
    recordCount: tip.stateCount ?? null,
    totalSize: tip.stateBytes ?? null,
    dependents: dependentsOf(backupId, await repository.list()),
  };
}

/** The part of a chain that stays as it is, and the one that becomes a single run. @param onto the last that stays. */
export function dividedAt(
  chain: readonly BackupInfo[],
  onto: string | null,
): { readonly kept: readonly BackupInfo[]; readonly merged: readonly BackupInfo[] } {
  const at = onto === null ? -1 : chain.slice(0, -1).findIndex((info) => info.backupId === onto);
  if (onto !== null && at < 0) {
    const { backupId } = chain.at(-1) as BackupInfo;
    throw invalidArgument(
      `${quote(backupId)} does not go back to ${quote(onto)}`,
      "name a backup of its chain",
    );
  }
  return { kept: chain.slice(0, at + 1), merged: chain.slice(at + 1) };
}

function dependentsOf(backupId: string, backups: readonly BackupInfo[]): string[] {
  const found = new Set([backupId]);
  for (const parent of found)
    for (const child of backups) if (child.parentBackupId === parent) found.add(child.backupId);
  return [...found].slice(1);
}
