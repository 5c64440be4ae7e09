// What a restore brings back: a backup that is named, with --at the newest cut that is not later, with --point the one of that
// id. It is chosen once and held from then on, so that what is planned, asked and loaded is the same, whatever others do.
import {
  type AtPoint,
  type AtTime,
  type BackupManager,
  gapAt,
  type LongWork,
  type PreparedPointRestore,
  type PreparedRestore,
  type TimelinePoint,
} from "@nadb/backup";
import { checkName, isNadbError } from "@nadb/core";
import { usageError } from "../../failure.js";
import { formatTime, instant, plural } from "../../format.js";
import { parseInstant } from "../../instant.js";
import type { Session } from "../../session.js";
import { damageError } from "./damage.js";
import { libraryOptions, type Options } from "./restore-options.js";

/** As the library takes it. */
export type Restored = string | AtTime | AtPoint;

export type Prepared = PreparedRestore | PreparedPointRestore;

/** Throws NADB_INVALID_ARGUMENT unless exactly one thing is named. */
export function restoredBy(id: string | undefined, { at, point }: Options): Restored {
  if ([id, at, point].filter((one) => one !== undefined).length > 1)
    throw usageError("name a backup, or give --at, or --point; one of them");
  if (at !== undefined) return { at: parseInstant(at) };
  if (point !== undefined) return { point };
  if (id === undefined) throw usageError("name a backup, or give --at or --point");
  checkName("backup id", id);
  return id;
}

/** Throws NADB_NOT_FOUND for an unknown backup or point, or a time before the first point. */
export async function prepare(
  session: Session,
  manager: BackupManager,
  what: Restored,
  options: Options,
): Promise<Prepared> {
  // Read whole for the plan, or not at all; what is loaded is proven before it shows.
  const how = { ...libraryOptions(options), verifyIntegrity: false };
  if (typeof what === "string")
    return explained(session, manager, what, () => manager.prepareRestore(what, how));
  const prepared = await manager.prepareRestore(what, how);
  if ("at" in what) await tellGap(session, manager, Number(what.at));
  return prepared;
}

async function tellGap({ output }: Session, manager: BackupManager, at: number): Promise<void> {
  const gap = gapAt(await manager.points(), at);
  if (gap === undefined) return;
  const next = formatTime(gap.before.effectiveTime);
  output.note(`what came until then is not archived; the next point is of ${next}`);
}

/** A time to go back to that lies behind all that is archived. */
export interface Beyond {
  /** By so much behind the newest point. */
  readonly seconds: number;
  /** So many versions of the store are in no point; null: that is not known. */
  readonly versions: number | null;
}

/** Tells it. Undefined where the newest point has all that the store has. */
export async function beyondNewest(
  { output }: Session,
  manager: BackupManager,
  what: Restored,
): Promise<Beyond | undefined> {
  if (typeof what === "string" || !("at" in what)) return undefined;
  const { latest } = await manager.points();
  const at = Number(what.at);
  if (latest === null || at <= latest.effectiveTime) return undefined;
  const { generation, version } = await manager.storage.head();
  const newer = generation === latest.generation ? version - latest.version : -1;
  if (newer === 0) return undefined;
  const versions = newer > 0 ? newer : null;
  const missing =
    versions === null
      ? "whether anything came after it is not known"
      : `the store has ${plural(versions, "version")} more, in no point`;
  output.note(`the newest point is of ${formatTime(latest.effectiveTime)}: ${missing}`);
  return { seconds: (at - latest.effectiveTime) / 1000, versions };
}

/** Damage of a backup is told as verify tells it. */
export async function explained<T>(
  { signal }: Session,
  manager: BackupManager,
  what: Restored,
  work: () => Promise<T>,
  { onProgress }: Pick<LongWork, "onProgress"> = {},
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isDamage =
      isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_NEWER_FORMAT");
    if (!isDamage || typeof what !== "string") throw error;
    const how = onProgress === undefined ? { signal } : { signal, onProgress };
    const verification = await manager.verifyBackup(what, how);
    if (verification.ok) throw error; // of the target, not of the backup
    throw damageError([verification]);
  }
}

export const pointOf = (prepared: Prepared): TimelinePoint | undefined =>
  "point" in prepared ? prepared.point : undefined;

export const pointText = ({ kind, id, time, version }: TimelinePoint): string =>
  `the point of ${formatTime(time)}, version ${version} (${kind} ${id})`;

/** What came of it, or would, with the point's times as text, too: `at` brings it, `timestamp` is what the clock said. */
export function documentOf<T extends object>(
  prepared: Prepared,
  result: T,
  beyond: Beyond | undefined,
): object {
  const point = pointOf(prepared);
  if (point === undefined) return result;
  const at = formatTime(point.effectiveTime);
  const told = { ...result, point: { ...point, ...instant(point.time), at } };
  return beyond === undefined ? told : { ...told, beyondNewest: beyond };
}
