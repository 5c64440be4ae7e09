// What a restore brings back: a backup that is named, with --at the newest cut that is not later, with --point the one of that
// id. The cut is chosen once, so that what is planned, asked and loaded is the same, though the archive goes on.
import {
  type AtPoint,
  type AtTime,
  type BackupInfo,
  gapAt,
  listPoints,
  pointAt,
  pointNamed,
  type Repository,
  type TimelinePoint,
} from "@nadb/backup";
import { checkName } from "@nadb/core";
import { usageError } from "../../failure.js";
import { formatTime } from "../../format.js";
import { parseInstant } from "../../instant.js";
import type { Session } from "../../session.js";
import type { Options } from "./restore-options.js";

export interface Restored {
  /** As the library takes it. */
  readonly what: string | AtTime | AtPoint;
  readonly info: Pick<BackupInfo, "backupId" | "timestamp" | "backupType" | "recordCount">;
}

/** Throws NADB_NOT_FOUND for an unknown backup or point, or a time before the first point. */
export async function chooseRestored(
  session: Session,
  repository: Repository,
  id: string | undefined,
  { at, point }: Options,
): Promise<Restored> {
  if ([id, at, point].filter((one) => one !== undefined).length > 1)
    throw usageError("name a backup, or give --at, or --point; one of them");
  if (at !== undefined) return chooseAt(session, repository, parseInstant(at));
  if (point !== undefined) return choosePoint(session, repository, point);
  if (id === undefined) throw usageError("name a backup, or give --at or --point");
  checkName("backup id", id);
  return { what: id, info: await repository.get(id) };
}

async function choosePoint(
  { flags }: Session,
  repository: Repository,
  id: string,
): Promise<Restored> {
  const points = await listPoints(repository, flags);
  return { what: { point: id }, info: infoOf(pointNamed(points, id)) };
}

async function chooseAt(
  { flags, output }: Session,
  repository: Repository,
  at: number,
): Promise<Restored> {
  const points = await listPoints(repository, flags);
  const point = pointAt(points, at);
  const gap = gapAt(points, at);
  if (gap !== undefined) {
    const next = formatTime(gap.before.effectiveTime);
    output.note(`what came until then is not archived; the next point is of ${next}`);
  }
  return { what: { at: point.effectiveTime }, info: infoOf(point) };
}

function infoOf({ kind, id, time }: TimelinePoint): Restored["info"] {
  const backupType = kind === "segment" ? "segment" : "incremental"; // either way the plan counts its records
  return { backupId: id, timestamp: formatTime(time), backupType, recordCount: 0 };
}
