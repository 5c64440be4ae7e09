// What a restore brings back: a backup that is named, or with --at the newest cut that is not later. The cut is chosen once,
// so that what is planned, asked and loaded is the same, though the archive goes on.
import {
  type AtTime,
  type BackupInfo,
  gapAt,
  listPoints,
  pointAt,
  type Repository,
} from "@nadb/backup";
import { checkName } from "@nadb/core";
import { usageError } from "../../failure.js";
import { formatTime } from "../../format.js";
import { parseInstant } from "../../instant.js";
import type { Session } from "../../session.js";
import type { Options } from "./restore-options.js";

export interface Restored {
  /** As the library takes it. */
  readonly what: string | AtTime;
  readonly info: Pick<BackupInfo, "backupId" | "timestamp" | "backupType" | "recordCount">;
}

/** Throws NADB_NOT_FOUND for an unknown backup, or a time before the first point. */
export async function chooseRestored(
  session: Session,
  repository: Repository,
  id: string | undefined,
  { at }: Options,
): Promise<Restored> {
  if (at !== undefined && id !== undefined)
    throw usageError("name a backup, or give --at; not both");
  if (at !== undefined) return chooseAt(session, repository, parseInstant(at));
  if (id === undefined) throw usageError("name a backup, or give --at");
  checkName("backup id", id);
  return { what: id, info: await repository.get(id) };
}

async function chooseAt(
  { flags, output }: Session,
  repository: Repository,
  at: number,
): Promise<Restored> {
  const points = await listPoints(repository, { db: flags.db, namespace: flags.namespace });
  const { kind, id, time, effectiveTime } = pointAt(points, at);
  const gap = gapAt(points, at);
  if (gap !== undefined) {
    const next = formatTime(gap.before.effectiveTime);
    output.note(`what came until then is not archived; the next point is of ${next}`);
  }
  const backupType = kind === "segment" ? "segment" : "incremental"; // either way the plan counts its records
  const info = { backupId: id, timestamp: formatTime(time), backupType, recordCount: 0 } as const;
  return { what: { at: effectiveTime }, info };
}
