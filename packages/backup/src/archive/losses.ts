// What an archive would lose with some backups: points that nothing leads to any more once these are gone. Whoever deletes by
// hand asks here first. It goes by what is there, so of two backups that lead to the same points either may go, not both.
import { NadbError, type NamespaceId, quote } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { Soundness } from "../retention/soundness.js";
import { mapSeveral } from "../several.js";
import { declarationOr } from "./declaration.js";
import { basesNeeded, namespacesOf } from "./needs.js";
import { type ArchivePolicy, oldestPromised } from "./policy.js";
import { backupsOf, hasArchives, listSegments } from "./segments.js";
import { type Timeline, type TimelinePoint, timelineOf } from "./timeline.js";

/** Points of one namespace's archive that can not be restored any more. */
export interface LostPoints {
  readonly db: string;
  readonly namespace: string;
  readonly count: number;
  /** When the earliest and the latest of them were, ISO 8601 in UTC. */
  readonly from: string;
  readonly to: string;
}

export interface Losses {
  readonly lost: readonly LostPoints[];
  /** Backups that points are restored from once the others are gone, in their place. */
  readonly relyingOn: readonly string[];
}

export interface LossesOptions {
  /** The backups are merged into those that are laid over them. Default false. */
  readonly consolidate?: boolean;
}

const CHECKED_AT_ONCE = 16;

/** What is declared; or it can not be read, and every point may be promised, those of backups, too. */
const ANYTHING = "anything";
type Promised = ArchivePolicy | null | typeof ANYTHING;

/** What the archives of a repository lose with backups; changes nothing. Those that are not there lose nothing. */
export async function lossesWithout(
  repository: Repository,
  backupIds: readonly string[],
  { consolidate = false }: LossesOptions = {},
): Promise<Losses> {
  const { target } = repository;
  if (!(await hasArchives(target))) return { lost: [], relyingOn: [] };
  const going = new Set(backupIds);
  const backups = await repository.list();
  const named = backups.filter(({ backupId }) => going.has(backupId));
  const losses: Losses[] = [];
  for (const id of namespacesOf(named)) {
    const { segments } = await listSegments(target, id);
    if (segments.length === 0) continue;
    const there = await undamaged(repository, backupsOf(backups, id));
    const stay = consolidate ? withMerged(there, going) : there;
    const before = timelineOf(there, segments);
    const after = timelineOf(without(stay, going), segments);
    const { declared, fault } = await declarationOr(target, id);
    const promise = fault === undefined ? (declared?.policy ?? null) : ANYTHING;
    losses.push(lossesOf(id, before, after, promise, repository.host.clock()));
  }
  return {
    lost: losses.flatMap(({ lost }) => lost),
    relyingOn: losses.flatMap(({ relyingOn }) => relyingOn),
  };
}

/** Answers the backups that points rely on then. Throws NADB_CONFLICT where points would be lost. */
export async function checkPointsStay(
  repository: Repository,
  backupIds: readonly string[],
  options: LossesOptions = {},
): Promise<readonly string[]> {
  const { lost, relyingOn } = await lossesWithout(repository, backupIds, options);
  if (lost.length === 0) return relyingOn;
  const which = backupIds.length === 1 ? quote(backupIds[0]) : "these backups";
  throw new NadbError(
    "NADB_CONFLICT",
    `without ${which} the archive could not restore ${lost.map(lostText).join("; ")}`,
    { hint: "segments of the archive are laid over it: force it only if these points may go" },
  );
}

/** As "2 points of default/default, from … to …". */
export function lostText({ db, namespace, count, from, to }: LostPoints): string {
  const of = `of ${db}/${namespace}`;
  return count === 1
    ? `1 point ${of}, from ${from}`
    : `${count} points ${of}, from ${from} to ${to}`;
}

async function undamaged(
  { target }: Repository,
  backups: readonly BackupInfo[],
): Promise<readonly BackupInfo[]> {
  const soundness = new Soundness(target, backups);
  const sound = await mapSeveral(backups, CHECKED_AT_ONCE, async (info) =>
    (await soundness.isDamaged(info)) ? [] : [info],
  );
  return sound.flat();
}

const without = (backups: readonly BackupInfo[], going: ReadonlySet<string>): BackupInfo[] =>
  backups.filter(({ backupId }) => !going.has(backupId));

/** Each is laid over what stays of its ancestors. */
function withMerged(backups: readonly BackupInfo[], going: ReadonlySet<string>): BackupInfo[] {
  const byId = new Map(backups.map((info) => [info.backupId, info]));
  const onto = (id: string | null): string | null =>
    id !== null && going.has(id) ? onto(byId.get(id)?.parentBackupId ?? null) : id;
  return backups.map((info) => ({ ...info, parentBackupId: onto(info.parentBackupId) }));
}

function lossesOf(
  { db, namespace }: NamespaceId,
  before: Timeline,
  after: Timeline,
  promise: Promised,
  now: number,
): Losses {
  const points = lostPoints(before, after, promise, now);
  const policy = promise === ANYTHING ? null : promise;
  const [first, last] = [points[0], points.at(-1)];
  const known = basesNeeded(before, policy, now);
  const needed = basesNeeded(after, policy, now);
  const relyingOn = [...needed.keys()].filter((id) => !known.has(id));
  if (first === undefined || last === undefined) return { lost: [], relyingOn };
  const [from, to] = [iso(first.effectiveTime), iso(last.effectiveTime)];
  return { lost: [{ db, namespace, count: points.length, from, to }], relyingOn };
}

/** Those of segments, and the oldest one that is promised where it has become a backup. In order. */
function lostPoints(
  before: Timeline,
  after: Timeline,
  promise: Promised,
  now: number,
): readonly TimelinePoint[] {
  const left = new Set(after.points.map(cutName));
  if (promise === ANYTHING) return before.points.filter((point) => !left.has(cutName(point)));
  const promised = new Set(promise === null ? [] : oldestLost(before, after, promise, now));
  return before.points.filter(
    (point) => promised.has(point) || (point.kind === "segment" && !left.has(cutName(point))),
  );
}

/** By the clock, and by the newest point, as in needs.ts. */
function oldestLost(
  before: Timeline,
  after: Timeline,
  policy: ArchivePolicy,
  now: number,
): TimelinePoint[] {
  return [now, Number.POSITIVE_INFINITY].flatMap((time) => {
    const oldest = oldestPromised(before, policy, time);
    if (oldest === undefined) return [];
    const left = oldestPromised(after, policy, time);
    return left !== undefined && cutName(left) === cutName(oldest) ? [] : [oldest];
  });
}

const cutName = ({ generation, version }: TimelinePoint): string => `${generation}/${version}`;

const iso = (time: number): string => new Date(time).toISOString();
