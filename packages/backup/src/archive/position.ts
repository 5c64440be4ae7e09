// Where the archive of a namespace goes on: behind the newest segment that can be restored, or else behind the newest backup
// of the same generation. What was never finished is swept.
import {
  canServe,
  corruption,
  type Head,
  isNadbError,
  type NamespaceId,
  type StorageNamespace,
} from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { filesOf, type Segment } from "./names.js";
import { backupsOf, hasLostManifest, type Listing, listSegments, readSegment } from "./segments.js";
import { generationNamed, timelineOf } from "./timeline.js";
import type { Position } from "./write-segment.js";

/**
 * Undefined when a full backup must come first. Throws NADB_CORRUPTION when the namespace stands before what was archived of
 * it: then an older copy of the store has been put in its place. REQUIRES: the lease of the archive.
 */
export async function findPosition(
  repository: Repository,
  storage: StorageNamespace,
  head: Head,
): Promise<Position | undefined> {
  const { target } = repository;
  const { id } = storage;
  const listing = await listSegments(target, id);
  const backups = backupsOf(await repository.list(), id);
  await sweep(repository, id, listing, backups);
  const timeline = timelineOf(backups, listing.segments);
  const { bases, segments } = generationNamed(timeline, head.generation);
  const [base, segment] = [bases.at(-1), segments.at(-1)];
  for (const version of [base?.toVersion, segment?.to]) checkNotBehind(head, version);
  const last = segment && (await manifestOf(repository, id, segment));
  const info = (await isSuperseded(last, base, storage)) ? base : last;
  if (info === undefined) return undefined;
  checkSame(head, info);
  return positionAt(info);
}

export const positionAt = (info: BackupInfo): Position => ({
  generation: info.generation,
  version: info.toVersion,
  checkpoint: info.toCheckpoint,
  stateDigest: info.stateDigest,
  seenAt: Date.parse(info.timestamp),
});

/** Behind the last segment there is no gap; but where the store can not go on from there, a newer backup is where it begins anew. */
async function isSuperseded(
  last: BackupInfo | undefined,
  base: BackupInfo | undefined,
  storage: StorageNamespace,
): Promise<boolean> {
  if (last === undefined) return true;
  if (base === undefined || base.toVersion <= last.toVersion) return false;
  return !(await canServe(storage, last.toCheckpoint));
}

/** Undefined when it is damaged: what follows on it could not be restored. */
async function manifestOf(
  { target }: Repository,
  id: NamespaceId,
  segment: Segment,
): Promise<BackupInfo | undefined> {
  try {
    return await readSegment(target, id, segment);
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return undefined;
    throw error;
  }
}

function checkNotBehind(head: Head, archived: number | undefined): void {
  if (archived === undefined || head.version >= archived) return;
  throw notTheSame(`it stands at version ${head.version}, its archive at ${archived}`);
}

function checkSame(head: Head, info: BackupInfo): void {
  if (head.version !== info.toVersion || head.digest === info.stateDigest) return;
  throw notTheSame(`at version ${head.version} it has another content than its archive`);
}

const notTheSame = (how: string) =>
  corruption(
    `the namespace is not the one that was archived: ${how}`,
    "an older copy of the store was put in its place: restore a point of the archive into it with clearExisting, which begins anew",
  );

/** Of a manifest without data nothing is lost when another segment holds all of it. */
async function sweep(
  { target }: Repository,
  id: NamespaceId,
  listing: Listing,
  backups: readonly BackupInfo[],
): Promise<void> {
  const { segments, damaged, orphans, leftovers } = listing;
  for (const path of leftovers) await target.remove(path);
  for (const orphan of orphans)
    if (!hasLostManifest(listing, backups, orphan)) await target.remove(filesOf(id, orphan)[1]);
  for (const lost of damaged) {
    const isHeld = segments.some(
      ({ generation, from, to }) =>
        generation === lost.generation && from <= lost.from && to >= lost.to,
    );
    if (isHeld) await target.remove(filesOf(id, lost)[0]);
  }
}
