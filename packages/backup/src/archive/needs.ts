// Which backups the archive needs: without them points of it could not be restored any more. Whoever prunes keeps these, and
// what they are laid over; compaction lets them go by removing what hangs on them, once no promise is left.
import type { NadbError, NamespaceId } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { declarationOr } from "./declaration.js";
import { type ArchivePolicy, oldestPromised } from "./policy.js";
import { backupsOf, listSegments } from "./segments.js";
import { countUpTo, type Generation, type Timeline, timelineOf } from "./timeline.js";

/**
 * Pure. By id, for what: as few backups as go, so that every point of the archive that can be restored stays so. The oldest
 * point that it promises is one of them when it has become a backup.
 */
export function basesNeeded(
  timeline: Timeline,
  policy: ArchivePolicy | null,
  now: number,
): ReadonlyMap<string, string> {
  const needed = new Map<string, string>();
  // By the clock, and by the newest point: whichever of them runs ahead may have let the segments of the point go already.
  for (const time of [now, Number.POSITIVE_INFINITY]) {
    const oldest = policy === null ? undefined : oldestPromised(timeline, policy, time);
    if (oldest?.kind === "backup") needed.set(oldest.id, "the archive, as its oldest point");
  }
  for (const generation of timeline.generations) needForSegments(generation, needed);
  return needed;
}

/** Segments come by end, so the bases that are chosen for them never come earlier than those chosen before. */
function needForSegments({ bases, segments }: Generation, needed: Map<string, string>): void {
  const known = bases.flatMap(({ backupId }, i) => (needed.has(backupId) ? [i] : []));
  let last = -1;
  for (const { to, reach, time } of segments) {
    const [first, end] = [countUpTo(bases, reach - 1), countUpTo(bases, to)];
    const isServed = last >= first || known.some((i) => first <= i && i < end);
    if (first === end || isServed) continue;
    last = end - 1;
    const since = new Date(time).toISOString();
    const what = `the archive, to restore points from ${since} on`;
    needed.set((bases[last] as BackupInfo).backupId, what);
  }
}

/** Of all namespaces that have an archive. @param backups those that can be restored. */
export async function neededByArchives(
  repository: Repository,
  backups: readonly BackupInfo[],
): Promise<ReadonlyMap<string, string>> {
  const { target, host } = repository;
  const needed: [string, string][] = [];
  for (const id of namespacesOf(backups)) {
    const { segments } = await listSegments(target, id);
    if (segments.length === 0) continue;
    const own = backupsOf(backups, id);
    const { declared, fault } = await declarationOr(target, id);
    if (fault !== undefined) needed.push(...own.map(neededFor(fault)));
    else
      needed.push(
        ...basesNeeded(timelineOf(own, segments), declared?.policy ?? null, host.clock()),
      );
  }
  return new Map(needed);
}

/** Any of them may be the oldest point that is promised. */
const neededFor =
  ({ message }: NadbError) =>
  ({ backupId }: BackupInfo): [string, string] => [backupId, `the archive: ${message}`];

/** Each once. */
export function namespacesOf(backups: readonly BackupInfo[]): readonly NamespaceId[] {
  const ids = backups.map(({ sourceDb: db, sourceNamespace: namespace }) => ({ db, namespace }));
  return [...new Map(ids.map((id) => [`${id.db}/${id.namespace}`, id])).values()];
}
