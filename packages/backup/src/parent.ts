// Whether an incremental may go on from a backup. INVARIANT: nothing is laid over what can not be restored any more, as far as
// manifests, links, sizes and the evidence beside its chain tell; reading every byte of it is what verifications are for.
import { corruption, isNadbError, type NadbError, quote } from "@nadb/core";
import { newerOf, readEvidence } from "./evidence.js";
import { filesIn } from "./folder.js";
import type { BackupInfo } from "./manifest.js";
import { dataPath } from "./paths.js";
import type { Repository } from "./repository.js";
import { mapSeveral } from "./several.js";
import type { BackupTarget } from "./target.js";

const LOOKED_AT_ONCE = 16;

/**
 * Throws NADB_CORRUPTION when a link of its chain is broken, a data file of it is missing or of another size than its
 * manifest says, or the last verification or drill of one has found damage.
 */
export async function checkParent(repository: Repository, parent: BackupInfo): Promise<void> {
  const { target } = repository;
  const chain = await repository.chain(parent);
  const chains = chain.map((_, i) => chain.slice(0, i + 1));
  const damages = await mapSeveral(chains, LOOKED_AT_ONCE, (one) => damageOf(target, one));
  const damage = damages.find((one) => one !== undefined);
  if (damage === undefined) return;
  await repository.get(parent.backupId); // one that was deleted meanwhile is missing, not damaged
  throw unfit(parent, damage);
}

/** Whether `checkParent` finds nothing. */
export async function isSound(repository: Repository, info: BackupInfo): Promise<boolean> {
  try {
    await checkParent(repository, info);
    return true;
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_NEWER_FORMAT"))
      return false;
    throw error;
  }
}

/** What is known to be wrong with the last of a chain by itself; undefined: nothing. */
async function damageOf(
  target: BackupTarget,
  chain: readonly BackupInfo[],
): Promise<string | undefined> {
  const { backupId, dataFile, storedSize } = chain.at(-1) as BackupInfo;
  const size = (await filesIn(target, backupId)).get(dataFile);
  const path = dataPath(backupId, dataFile);
  if (size === undefined) return `${path} is missing`;
  if (size !== storedSize) return `${path} has ${size} bytes, its manifest says ${storedSize}`;
  const verified = await readEvidence(target, chain, "full");
  const found = newerOf(verified, await readEvidence(target, chain, "drill"));
  if (found === undefined || found.ok) return undefined;
  const what = found.level === "full" ? "verification" : "drill";
  return `the last ${what} of ${quote(backupId)} found it damaged: ${found.findings[0] ?? "see there"}`;
}

const unfit = ({ backupId }: BackupInfo, why: string): NadbError =>
  corruption(
    `nothing can go on from ${quote(backupId)}: ${why}`,
    "take a full backup, or name a parent that is sound; fallbackToFull takes a full one by itself",
  );
