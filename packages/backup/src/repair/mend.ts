// What a repair mends in place: manifests that the index remembers, the index, and what dead writers left behind.
import { removeRemains } from "../discard.js";
import { writeIndex } from "../index-file.js";
import { confirmAll, Lease, locked } from "../lease.js";
import { encodeManifest } from "../manifest.js";
import { isLease, isPiece, MANIFEST_FILE, manifestPath } from "../paths.js";
import { backupsBeingRead } from "../readers.js";
import type { Repository } from "../repository.js";
import { checkUnneeded, scoped, unchanged, unchangedUnderLease } from "./checks.js";
import { readFolder, readFolders } from "./folders.js";
import { indexOf, isSameIndex, readCopies } from "./index-copies.js";
import { isUnfinished, isUseless } from "./leftovers.js";
import { timeOf } from "./move.js";
import type { StepOf } from "./plan.js";
import { copyAside } from "./quarantine.js";

/**
 * A manifest that is there is put aside first. One that is missing is written without a lease: should this die, data beside
 * a lease and without a manifest would pass for a leftover.
 */
export async function restoreManifest(
  repository: Repository,
  aside: Lease,
  { backupId, info, why, seen }: StepOf<"restore-manifest">,
): Promise<void> {
  const { target, host } = repository;
  const folder = await unchanged(repository, backupId, seen);
  const manifest = [encodeManifest(info)];
  if (!folder.names.includes(MANIFEST_FILE)) {
    await target.write(manifestPath(backupId), manifest, { ifAbsent: true });
    return await removeRemains(repository, backupId, info); // should somebody just have deleted what there was
  }
  const lease = await Lease.acquire(target, backupId, host);
  await using _ = scoped(lease);
  await unchangedUnderLease(repository, backupId, seen);
  const reason = { quarantinedAt: timeOf(host.clock()), why, because: null, from: backupId };
  const names = [MANIFEST_FILE];
  await copyAside(target, aside, { ...reason, names, as: `${backupId}.manifest` });
  await confirmAll([lease]);
  await target.write(manifestPath(backupId), manifest);
  if (await lease.isOurs()) return;
  await removeRemains(repository, backupId, info);
  throw locked(backupId);
}

/** What is there now, and what the index remembers of what can not be read. */
export async function rebuildIndex({ target, host }: Repository): Promise<void> {
  const { state, copies, fault } = await readCopies(target);
  if (fault !== undefined) return;
  const index = indexOf(await readFolders(target, host), copies);
  if (state !== "sound" || !isSameIndex(index, copies)) await writeIndex(target, index);
}

/** Looks anew at what is a leftover; what is none any more stays. */
export async function sweep(
  repository: Repository,
  { what, name, paths }: StepOf<"sweep">,
): Promise<void> {
  const { target, host } = repository;
  if (what === "reader") return removeAll(target, paths);
  const lease = await Lease.acquire(target, name, host);
  await using _ = scoped(lease);
  if (what === "archive") return await removeAll(target, paths);
  await using _merge = scoped(await Lease.acquire(target, name, host, "merge"));
  if (what === "beside") return await sweepBeside(repository, name, lease);
  await checkUnneeded(repository, name);
  if (!isUnfinished(await readFolder(target, name, host))) return;
  await lease.confirm();
  await repository.remove(name, lease);
}

/** The leases of dead writers go with ours. */
async function sweepBeside(
  { target, host }: Repository,
  backupId: string,
  lease: Lease,
): Promise<void> {
  const { info, names } = await readFolder(target, backupId, host);
  if (info === undefined) return;
  const now = host.clock();
  const isRead = (await backupsBeingRead(target, now)).has(backupId);
  const useless = names.filter((name) => isUseless(name, info, now) && !isLease(name));
  const free = useless.filter((name) => isPiece(name) || !isRead);
  await lease.confirm();
  await removeAll(
    target,
    free.map((name) => `${backupId}/${name}`),
  );
}

async function removeAll(target: Repository["target"], paths: readonly string[]): Promise<void> {
  for (const path of paths) await target.remove(path);
}
