// Removing backups that may go while others stay: the last good one of their namespace, those that points of an archive are
// restored from then. INVARIANT: under the leases of these: of two who would each delete what the other relies on, none can.
// Where there is no room for a lease, whether they are still there is asked before a manifest goes and after.
import { isNadbError, NadbError, quote } from "@nadb/core";
import type { DeleteOptions, Scan } from "../catalog.js";
import { Lease } from "../lease.js";
import type { Repository } from "../repository.js";

/** Answers which stay, and why. @param backupIds children before parents. */
export async function removeRelyingOn(
  repository: Repository,
  backupIds: readonly string[],
  relyingOn: readonly string[],
  options: Pick<DeleteOptions, "force" | "stillRight"> = {},
): Promise<ReadonlyMap<string, NadbError>> {
  const { target, host } = repository;
  const ids = [...new Set(relyingOn)].sort(); // two who rely on the same wait for each other, not both at once
  const checkAllThere = async (): Promise<void> => {
    for (const id of ids) await checkStillThere(repository, id);
  };
  const stillRight = async (scan: Scan): Promise<void> => {
    await checkAllThere();
    await options.stillRight?.(scan);
  };
  await checkAllThere();
  const leases: (Lease | undefined)[] = [];
  const renew = async (): Promise<void> => {
    for (const lease of leases) await lease?.renew();
  };
  try {
    for (const id of ids)
      leases.push(await Lease.acquireSoon(target, id, host, renew).catch(unlessFull));
    await checkAllThere();
    const how = { stillRight, meanwhile: renew, withoutLease: leases.includes(undefined) };
    return await repository.deleteSeveral(backupIds, { ...options, ...how });
  } finally {
    for (const lease of leases) await lease?.release().catch(() => undefined); // it ends by itself, and the next run sweeps it
  }
}

async function checkStillThere(repository: Repository, backupId: string): Promise<void> {
  try {
    await repository.get(backupId);
  } catch (error) {
    if (!isNadbError(error, "NADB_NOT_FOUND")) throw error;
    throw new NadbError("NADB_CONFLICT", `${quote(backupId)}, which was to stay, is gone`, {
      hint: "make a new plan",
      cause: error,
    });
  }
}

function unlessFull(error: unknown): undefined {
  if (!isNadbError(error, "NADB_IO")) throw error;
}
