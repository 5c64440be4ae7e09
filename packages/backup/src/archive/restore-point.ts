// Restoring to a point: the newest cut that is not later than a time, or the one that is named, read and staged as a backup is. And the plan of it.
import { invalidArgument, type NamespaceId, type StorageNamespace } from "@nadb/core";
import type { Repository } from "../repository.js";
import { type Restoration, StagedRestore } from "../restore.js";
import { planFrom, type RestorePlan } from "../restore-plan.js";
import {
  checkMode,
  type RestoreOptions,
  type RestoreSource,
  selectionOf,
} from "../restore-source.js";
import { provenState } from "../run/state.js";
import { pointAt, pointNamed } from "./points.js";
import { type PointReading, readPoint } from "./read-point.js";
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
  const { of = storage.id } = what;
  return readPoint(repository, of, chosenBy(what), async (reading) => {
    const source = sourceOf(repository, reading, options);
    if (options.verifyIntegrity ?? true) await source.prove(options);
    const staged = await StagedRestore.of(source, storage, options);
    return { ...(await staged.show(options)), point: reading.point };
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
  const { of = storage.id } = what;
  return readPoint(repository, of, chosenBy(what), async (reading) => {
    const source = sourceOf(repository, reading, options);
    const plan = await planFrom(source, storage, options);
    return { ...plan, chain: reading.names, point: reading.point };
  });
}

const chosenBy = (what: AtTime | AtPoint): ((timeline: Timeline) => TimelinePoint) =>
  "point" in what ? (timeline) => pointNamed(timeline, what.point) : newestAt(what.at);

/** Throws NADB_INVALID_ARGUMENT for what is no time. */
export function newestAt(at: Date | number): (timeline: Timeline) => TimelinePoint {
  const time = typeof at === "number" ? at : at.getTime();
  if (!Number.isFinite(time) || Number.isNaN(new Date(time).getTime())) {
    throw invalidArgument(`${String(at)} is no time`, "give a Date, or ms since 1970");
  }
  return (timeline) => pointAt(timeline, time);
}

function sourceOf(
  repository: Repository,
  reading: PointReading,
  options: RestoreOptions,
): RestoreSource {
  const { info, chain } = reading;
  return {
    info,
    chain,
    selection: selectionOf(repository, info, options),
    prove: async (work) => {
      for await (const _ of provenState(reading, "check", work));
    },
    check: (work) => provenState(reading, "check", work),
    read: (work) => provenState(reading, "load", work),
    [Symbol.asyncDispose]: async () => undefined, // the reading ends by itself
  };
}
