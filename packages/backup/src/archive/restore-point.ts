// Restoring to a point: the newest cut that is not later than a time, or the one that is named, read and staged as a backup
// is. And the plan of it.
import { invalidArgument, type NamespaceId, quote, type StorageNamespace } from "@nadb/core";
import type { Repository } from "../repository.js";
import { type Restoration, restoreFrom } from "../restore.js";
import { planFrom, type RestorePlan } from "../restore-plan.js";
import { checkMode, type RestoreOptions, sourceIn } from "../restore-source.js";
import { pointAt, pointNamed } from "./points.js";
import { readPoint } from "./read-point.js";
import type { Timeline, TimelinePoint } from "./timeline.js";

/** A time to go back to. */
export interface AtTime {
  /** A Date, or ms since 1970. */
  readonly at: Date | number;
  /** The namespace that was archived. Default: the one that is restored. */
  readonly of?: NamespaceId;
}

/** A point to go back to. */
export interface AtPoint extends Pick<AtTime, "of"> {
  /** Its id, as `points` has it. */
  readonly point: string;
}

export interface PointRestoration extends Restoration {
  /** Which cut it was. */
  readonly point: TimelinePoint;
}

export interface PointRestorePlan extends RestorePlan {
  readonly point: TimelinePoint;
}

/** Throws NADB_NOT_FOUND when there is no point so early, or of that id, else as a restore of a backup does. */
export async function restorePoint(
  repository: Repository,
  storage: StorageNamespace,
  what: AtTime | AtPoint,
  options: RestoreOptions,
): Promise<PointRestoration> {
  checkMode(options);
  const choose = chosenBy(what);
  return readPoint(repository, what.of ?? storage.id, choose, async (reading) => {
    const source = sourceIn(repository, reading, reading.info, options);
    return { ...(await restoreFrom(source, storage, options)), point: reading.point };
  });
}

/** What `restorePoint` would do, found by reading alone. */
export async function planRestorePoint(
  repository: Repository,
  storage: StorageNamespace,
  what: AtTime | AtPoint,
  options: RestoreOptions,
): Promise<PointRestorePlan> {
  checkMode(options);
  const choose = chosenBy(what);
  return readPoint(repository, what.of ?? storage.id, choose, async (reading) => {
    const source = sourceIn(repository, reading, reading.info, options);
    const plan = await planFrom(source, storage, options);
    return { ...plan, chain: reading.names, point: reading.point };
  });
}

/** Throws NADB_INVALID_ARGUMENT for what names neither a time nor a point. */
export function chosenBy(what: AtTime | AtPoint): (timeline: Timeline) => TimelinePoint {
  const { at, point }: Partial<AtTime & AtPoint> = Object(what);
  if (point === undefined) return newestAt(at);
  if (typeof point === "string" && at === undefined)
    return (timeline) => pointNamed(timeline, point);
  throw invalidArgument(
    "a point is named by its id or by a time, not by both",
    "give { point: id } or { at: time }",
  );
}

/** Throws NADB_INVALID_ARGUMENT for what is no time. */
export function newestAt(at: Date | number | undefined): (timeline: Timeline) => TimelinePoint {
  const time = timeOf(at);
  if (!Number.isNaN(new Date(time).getTime())) return (timeline) => pointAt(timeline, time);
  throw invalidArgument(`${shown(at)} is no time`, "give a Date, or ms since 1970");
}

/** NaN for what is none: callers in plain JavaScript hand in text, or nothing. */
function timeOf(at: unknown): number {
  if (typeof at === "number") return at;
  const isDate = Object.prototype.toString.call(at) === "[object Date]"; // also one of another realm
  return isDate ? (at as Date).getTime() : Number.NaN;
}

const shown = (at: unknown): string => (typeof at === "string" ? quote(at) : String(at));
