// Moving what can not be restored into the quarantine. The copy comes first and needs no lease on what is copied; that is
// looked at once more under the lease, leaves the index, and goes.
import { archiveFolder, dataFile, generationFolder, manifestFile } from "../archive/names.js";
import { writeIndex } from "../index-file.js";
import { Lease } from "../lease.js";
import { isLease, isPiece } from "../paths.js";
import type { Repository } from "../repository.js";
import {
  changed,
  checkUnneeded,
  type Going,
  scoped,
  unchanged,
  unchangedUnderLease,
} from "./checks.js";
import { readFolders } from "./folders.js";
import { indexOf, readCopies } from "./index-copies.js";
import type { StepOf } from "./plan.js";
import { copyAside } from "./quarantine.js";

/** @param aside the lease on the quarantine. */
export async function quarantineBackup(
  repository: Repository,
  aside: Lease,
  { backupId, why, because, seen }: StepOf<"quarantine">,
  going: Going,
): Promise<void> {
  const { target, host } = repository;
  const { names } = await unchanged(repository, backupId, seen);
  await checkUnneeded(repository, backupId, going);
  const moved = names.filter((name) => !isLease(name) && !isPiece(name));
  const reason = { quarantinedAt: timeOf(host.clock()), why, because, from: backupId };
  await copyAside(target, aside, { ...reason, names: moved, as: backupId });
  const lease = await Lease.acquire(target, backupId, host);
  try {
    const now = await unchangedUnderLease(repository, backupId, seen);
    if (moved.some((name) => !now.names.includes(name))) throw changed(backupId);
    await checkUnneeded(repository, backupId, going);
    await leaveIndex(repository, backupId);
    await lease.confirm();
  } catch (error) {
    await lease.release();
    throw error;
  }
  await repository.remove(backupId, lease);
  if ((await target.list(backupId)).length > 0) await lease.end(); // a reader came, a later sweep takes the rest
}

async function leaveIndex({ target, host }: Repository, backupId: string): Promise<void> {
  const { copies, fault } = await readCopies(target);
  if (fault !== undefined) throw fault;
  const index = indexOf(await readFolders(target, host), copies);
  if (index.delete(backupId) || copies.has(backupId)) await writeIndex(target, index);
}

export async function quarantineSegment(
  { target, host }: Repository,
  aside: Lease,
  { id, generation, name, why }: StepOf<"quarantine-segment">,
): Promise<void> {
  const lease = await Lease.acquire(target, archiveFolder(id), host);
  await using _ = scoped(lease);
  const from = generationFolder(id, generation);
  const there = new Set((await target.list(from)).map((entry) => entry.name));
  const names = [manifestFile(name), dataFile(name)].filter((file) => there.has(file));
  if (names.length === 0) throw changed(name);
  const as = [id.db, id.namespace, generation, name].join(".");
  const quarantinedAt = timeOf(host.clock());
  await copyAside(target, aside, { quarantinedAt, why, because: null, from, as, names });
  await lease.confirm();
  for (const file of names) await target.remove(`${from}/${file}`);
}

export const timeOf = (ms: number): string => new Date(ms).toISOString();
