// Backups that can not be read just now, for another reason than damage: a folder without permission, a disk that answers
// again later. Each may be sound. INVARIANT: it is never taken for one that is not there: nothing of it is swept, its id and
// its place are not given away, and what it may be laid over does not go.
import { NadbError, quote } from "@nadb/core";
import type { Scan } from "./catalog.js";
import type { Finding } from "./finding.js";
import { readIndex } from "./index-file.js";
import type { BackupInfo } from "./manifest.js";
import type { BackupTarget } from "./target.js";

export const isUnreachable = ({ what }: Finding): boolean => what === "unreachable";

/** Throws NADB_IO. */
export function checkAllReachable({ findings }: Pick<Scan, "findings">): void {
  const first = findings.find(isUnreachable);
  if (first !== undefined) throw unreachable(first);
}

export interface Unreachable {
  readonly finding: Finding;
  /** What the index remembers of it; undefined where it does not, or what it names as the parent is not there. */
  readonly copy: BackupInfo | undefined;
}

export async function unreachableIn(
  target: BackupTarget,
  { backups, findings }: Scan,
): Promise<readonly Unreachable[]> {
  const missing = findings.filter(isUnreachable);
  if (missing.length === 0) return [];
  const index = await readIndex(target);
  const there = new Set([null, ...[...backups, ...findings].map(({ backupId }) => backupId)]);
  return missing.map((finding) => {
    const copy = index?.get(finding.backupId);
    return { finding, copy: copy && there.has(copy.parentBackupId) ? copy : undefined };
  });
}

/**
 * The backups of a scan, and of those that it could not reach what the index remembers. Throws NADB_IO where that does not
 * tell: such a one may be laid over any other.
 */
export async function withUnreachable(
  target: BackupTarget,
  scan: Scan,
): Promise<readonly BackupInfo[]> {
  const copies = (await unreachableIn(target, scan)).map(({ finding, copy }) => {
    if (copy === undefined) throw unreachable(finding);
    return copy;
  });
  return [...scan.backups, ...copies];
}

const unreachable = ({ backupId, detail }: Finding): NadbError =>
  new NadbError("NADB_IO", `the backup ${quote(backupId)} can not be read: ${detail}`, {
    hint: "what needs all backups waits until it can be read again",
  });
