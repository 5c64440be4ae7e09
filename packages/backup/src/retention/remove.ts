// Removing backups that may go while another one stays, the last good one of their namespace. INVARIANT: under the lease of
// that one: of two who would each delete the other's last one, none can. Where there is no room for a lease, whether it is
// still there is asked before a manifest goes and after.
import { isNadbError, NadbError, quote } from "@nadb/core";
import type { DeleteOptions } from "../catalog.js";
import { Lease } from "../lease.js";
import type { Repository } from "../repository.js";

/** Answers which stay, and why. @param backupIds children before parents. */
export async function removeRelyingOn(
  repository: Repository,
  backupIds: readonly string[],
  relyingOn: string,
  options: Pick<DeleteOptions, "force"> = {},
): Promise<ReadonlyMap<string, NadbError>> {
  const { target, host } = repository;
  const stillRight = (): Promise<void> => checkStillThere(repository, relyingOn);
  await stillRight();
  const lease = await Lease.acquireSoon(target, relyingOn, host).catch(unlessFull);
  try {
    await stillRight();
    const withoutLease = lease === undefined;
    return await repository.deleteSeveral(backupIds, { ...options, stillRight, withoutLease });
  } finally {
    await lease?.release().catch(() => undefined); // it ends by itself, and the next run sweeps it
  }
}

async function checkStillThere(repository: Repository, backupId: string): Promise<void> {
  try {
    await repository.get(backupId);
  } catch (error) {
    if (!isNadbError(error, "NADB_NOT_FOUND")) throw error;
    throw new NadbError("NADB_CONFLICT", `the last good backup, ${quote(backupId)}, is gone`, {
      hint: "make a new plan",
      cause: error,
    });
  }
}

function unlessFull(error: unknown): undefined {
  if (!isNadbError(error, "NADB_IO")) throw error;
}
