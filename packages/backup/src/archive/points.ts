// What can be restored, for people: the point for a time, the stretches without a hole, and the gaps between them. Pure.
import { NadbError, quote } from "@nadb/core";
import { parseSegment, type Segment } from "./names.js";
import { generationNamed, type Timeline, type TimelinePoint } from "./timeline.js";

/**
 * replaced: the content was replaced as a whole, a new generation began. missing: segments in between are lost, damaged or
 * were never written, so what came in between is known at its end only. unwatched: nobody looked for longer than promised.
 */
export type GapReason = "replaced" | "missing" | "unwatched";

export interface Gap {
  readonly reason: GapReason;
  /** The last point before the gap, and the first one behind it. */
  readonly after: TimelinePoint;
  readonly before: TimelinePoint;
  /** Of what length it is, in seconds. */
  readonly seconds: number;
}

/** Points that follow each other without a gap. */
export interface Stretch {
  readonly from: TimelinePoint;
  readonly to: TimelinePoint;
  readonly count: number;
}

export interface Points {
  readonly earliest: TimelinePoint | null;
  readonly latest: TimelinePoint | null;
  readonly stretches: readonly Stretch[];
  readonly gaps: readonly Gap[];
  /** All of them, oldest first. */
  readonly points: readonly TimelinePoint[];
  /** Points that no time leads to, because a clock ran ahead of them: only their ids do. */
  readonly hidden: number;
  /** Segments that nothing leads to. */
  readonly lost: number;
}

/** The newest point not later than `at`. Throws NADB_NOT_FOUND naming the nearest ones. */
export function pointAt({ points }: Pick<Timeline, "points">, at: number): TimelinePoint {
  const point = points.findLast(({ effectiveTime }) => effectiveTime <= at);
  if (point !== undefined) return point;
  const [earliest, latest] = [points[0], points.at(-1)];
  if (earliest === undefined || latest === undefined) throw nothingThere();
  throw new NadbError(
    "NADB_NOT_FOUND",
    `nothing can be restored as of ${iso(at)}: the earliest point is ${nameOf(earliest)}`,
    {
      hint: `there are points from ${iso(earliest.effectiveTime)} to ${iso(latest.effectiveTime)}`,
    },
  );
}

/** The point of an id, also of a segment that was merged into another since. Throws NADB_NOT_FOUND. */
export function pointNamed({ points }: Pick<Timeline, "points">, id: string): TimelinePoint {
  const cut = parseSegment("", id);
  const isIt = ({ kind, version, time }: TimelinePoint): boolean =>
    kind === "segment" && version === cut?.to && time === cut.time;
  const point = points.find((one) => one.id === id) ?? points.find(isIt);
  if (point !== undefined) return point;
  throw new NadbError("NADB_NOT_FOUND", `there is no point ${quote(id)}`, {
    hint: "nadb backup points --all lists those there are",
  });
}

/** Whether a restore to a time can not bring it: it counts as of no other time than the one behind it. */
export const isHidden = ({ effectiveTime }: TimelinePoint, next?: TimelinePoint): boolean =>
  next?.effectiveTime === effectiveTime;

const nothingThere = (): NadbError =>
  new NadbError("NADB_NOT_FOUND", "there is no point to restore yet", {
    hint: "take a backup, or run the archive",
  });

/** The gap that a time falls into: what came between its point and that time is not known. */
export const gapAt = ({ gaps }: Points, at: number): Gap | undefined =>
  gaps.find(({ after, before }) => after.effectiveTime <= at && at < before.effectiveTime);

/** @param promiseMs how long a stretch that nobody looked may be before a point; what is longer is a gap. */
export function summarize(timeline: Timeline, promiseMs: (point: TimelinePoint) => number): Points {
  const { points } = timeline;
  const stretches: Stretch[] = [];
  const gaps: Gap[] = [];
  for (const [i, point] of points.entries()) {
    const previous = points[i - 1];
    const gap = previous && gapBetween(timeline, previous, point, promiseMs);
    const last = stretches.at(-1);
    if (gap !== undefined) gaps.push(gap);
    if (gap !== undefined || last === undefined)
      stretches.push({ from: point, to: point, count: 1 });
    else stretches[stretches.length - 1] = { ...last, to: point, count: last.count + 1 };
  }
  const lost = timeline.generations.reduce((sum, one) => sum + one.lost.length, 0);
  return {
    earliest: points[0] ?? null,
    latest: points.at(-1) ?? null,
    stretches,
    gaps,
    points,
    hidden: points.filter((point, i) => isHidden(point, points[i + 1])).length,
    lost: lost + timeline.orphans.length,
  };
}

function gapBetween(
  timeline: Timeline,
  after: TimelinePoint,
  before: TimelinePoint,
  promiseMs: (point: TimelinePoint) => number,
): Gap | undefined {
  const seconds = (before.effectiveTime - after.effectiveTime) / 1000;
  if (after.generation !== before.generation) return { reason: "replaced", after, before, seconds };
  if (after.version === before.version) return undefined;
  const over = segmentOver(timeline, after, before);
  if (over === undefined) return { reason: "missing", after, before, seconds };
  const unwatchedMs = over.to === before.version ? over.unwatchedMs : 0;
  if (unwatchedMs <= promiseMs(before)) return undefined;
  return { reason: "unwatched", after, before, seconds: unwatchedMs / 1000 };
}

/** No segment ends between two points that follow each other, so what covers the way from one to the other is a single one. */
function segmentOver(
  timeline: Timeline,
  after: TimelinePoint,
  before: TimelinePoint,
): Segment | undefined {
  const { segments } = generationNamed(timeline, after.generation);
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle] as Segment).to < before.version) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < segments.length; i++) {
    if ((segments[i] as Segment).from <= after.version) return segments[i];
  }
  return undefined;
}

const nameOf = ({ kind, id, effectiveTime }: TimelinePoint): string =>
  `${iso(effectiveTime)} (${kind} ${id})`;

const iso = (time: number): string => new Date(time).toISOString();
