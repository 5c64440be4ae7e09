// Chains: the full and the incrementals that a backup restores from. Each incremental names its parent by id, by the
// checkpoint where its own run begins, and by the checksum of the parent's cut, which stays when the parent's run is merged.
import { corruption, isNadbError, NadbError, quote } from "@nadb/core";
import { type BackupInfo, cutChecksumOf } from "./manifest.js";

/** Far beyond any sane chain; a longer one is forged. */
const MAX_CHAIN = 100_000;

/** How backups are found, and what a link between two must say: a catalog. */
export interface Links {
  get(backupId: string): Promise<BackupInfo>;
  /** Throws NADB_CORRUPTION. */
  checkLink(child: BackupInfo, parent: BackupInfo): void;
}

/** Oldest first: a full, then each incremental on the one before it. Throws NADB_CORRUPTION for a broken link. */
export async function chainOf(tip: BackupInfo, links: Links): Promise<readonly BackupInfo[]> {
  const chain = [tip];
  const seen = new Set([tip.backupId]);
  for (let child = tip; child.backupType === "incremental"; ) {
    const parent = await parentOf(child, links);
    links.checkLink(child, parent);
    if (seen.has(parent.backupId) || chain.length >= MAX_CHAIN)
      throw broken(child, "its chain has no beginning");
    seen.add(parent.backupId);
    chain.push(parent);
    child = parent;
  }
  return chain.reverse();
}

async function parentOf(child: BackupInfo, links: Links): Promise<BackupInfo> {
  const id = child.parentBackupId;
  if (id === null) throw broken(child, "it names no parent");
  try {
    return await links.get(id);
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND"))
      throw broken(child, `its parent ${quote(id)} is missing`);
    throw error;
  }
}

/** Throws NADB_CORRUPTION unless `child` goes on exactly where `parent` ends. */
export function checkLink(child: BackupInfo, parent: BackupInfo): void {
  const linked: readonly (readonly [string, string | number | null, string | number])[] = [
    ["its parent is", child.parentBackupId, parent.backupId],
    ["its parent's cut has the checksum", child.parentChecksum, cutChecksumOf(parent)],
    ["its run begins at", child.fromCheckpoint, parent.toCheckpoint],
    ["its run begins at version", child.fromVersion, parent.toVersion],
    ["it is of the database", child.sourceDb, parent.sourceDb],
    ["it is of the namespace", child.sourceNamespace, parent.sourceNamespace],
  ];
  for (const [what, says, is] of linked) {
    if (says !== is) throw broken(child, `${what} ${quote(says)}, the parent says ${quote(is)}`);
  }
}

const broken = (child: BackupInfo, what: string): NadbError =>
  corruption(
    `the incremental ${quote(child.backupId)} can not be restored: ${what}`,
    "restore an earlier backup, and take a new full one",
  );

/** Throws NADB_CONFLICT while something is laid over it. @param gone what does not count any more. */
export function checkNoDependents(
  backupId: string,
  backups: readonly BackupInfo[],
  gone: ReadonlySet<string>,
): void {
  const children = backups.filter(
    (info) => info.parentBackupId === backupId && !gone.has(info.backupId),
  );
  if (children.length === 0) return;
  const ids = children.map((child) => quote(child.backupId)).join(", ");
  throw new NadbError("NADB_CONFLICT", `${ids} can not be restored without ${quote(backupId)}`, {
    hint: "delete the incrementals first, the newest before its parent",
  });
}
