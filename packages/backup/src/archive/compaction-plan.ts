// What may be merged and what may go, so that every promise stays. Pure. A merged segment takes the place of neighbours and
// has the cut of the last one. INVARIANT: a promised point is never merged away, and whatever leads to one stays.
import type { Segment } from "./names.js";
import {
  type ArchivePolicy,
  type Level,
  oldestPromised,
  promisedPoints,
  referenceTime,
  stepAt,
} from "./policy.js";
import { generationNamed, type Reaching, type Timeline, type TimelinePoint } from "./timeline.js";

/** Segments merged at a time: as many files are read at once. What is more is merged in several rounds. */
export const MAX_MERGED = 64;
/** How much older than the longest promise segments become before a new full backup lets them go: a share of it. */
const SLACK = 1 / 8;

export interface CompactionPlan {
  /** Neighbours in order, each group to become one segment. */
  readonly merges: readonly (readonly Segment[])[];
  /** Not needed for any promised point. The newest first: so what is left can be restored at every step. */
  readonly removals: readonly Segment[];
  /** A point of a segment at which a full backup is to be made, so that what lies before it may go. */
  readonly rebase: TimelinePoint | null;
}

export function planCompaction(
  timeline: Timeline,
  policy: ArchivePolicy,
  now: number,
): CompactionPlan {
  const promised = new Set(promisedPoints(timeline, policy, now).map(cutName));
  const isPromised = ({ generation, to }: Segment): boolean =>
    promised.has(cutName({ generation, version: to }));
  const edge = oldestPromised(timeline, policy, now);
  const expired = new Set(edge === undefined ? [] : expiredBefore(timeline, edge));
  const live = timeline.generations.map(({ segments }) =>
    segments.filter((segment) => !expired.has(segment)),
  );
  const redundant = new Set(live.flatMap((segments) => redundantAmong(segments, isPromised)));
  const kept = live.map((segments) => segments.filter((one) => !redundant.has(one)));
  return {
    merges: kept.flatMap((segments) => mergesOf(segments, timeline, policy, now, isPromised)),
    removals: [...expired, ...redundant].sort((a, b) => b.to - a.to),
    rebase: edge !== undefined && isRebaseDue(timeline, edge, policy, now) ? edge : null,
  };
}

type IsPromised = (segment: Segment) => boolean;

const cutName = ({ generation, version }: Pick<TimelinePoint, "generation" | "version">): string =>
  `${generation}/${version}`;

/** All of earlier generations, of its own what the newest base up to it has in itself, and what nothing leads to anyway. */
function expiredBefore(timeline: Timeline, edge: TimelinePoint): Segment[] {
  const at = timeline.generations.findIndex(({ generation }) => generation === edge.generation);
  const earlier = timeline.generations.slice(0, at);
  const { segments, lost } = generationNamed(timeline, edge.generation);
  const base = baseUpTo(timeline, edge);
  return [
    ...earlier.flatMap((one) => [...one.segments, ...one.lost]),
    ...segments.filter(({ to }) => base !== undefined && to <= base.version),
    ...lost.filter(({ to }) => to <= edge.version),
    ...timeline.orphans.filter(({ time }) => time < edge.effectiveTime),
  ];
}

/** Not by its version alone: a backup of the same state that was taken later is found too late. */
function baseUpTo(timeline: Timeline, edge: TimelinePoint): TimelinePoint | undefined {
  const upTo = timeline.points.slice(0, timeline.points.indexOf(edge) + 1);
  return upTo.findLast(
    ({ kind, generation }) => kind === "backup" && generation === edge.generation,
  );
}

/** There are segments before the edge, with cuts that are older than promised by more than the slack. */
function isRebaseDue(
  timeline: Timeline,
  edge: TimelinePoint,
  policy: ArchivePolicy,
  now: number,
): boolean {
  if (edge.kind === "backup") return false;
  const { everySeconds, forSeconds } = policy.at(-1) as Level;
  const slackMs = 1000 * Math.max(everySeconds, forSeconds * SLACK);
  const base = baseUpTo(timeline, edge);
  const oldest = generationNamed(timeline, edge.generation).segments.find(
    ({ to }) => base !== undefined && to > base.version && to < edge.version,
  );
  const limit = referenceTime(timeline, now) - forSeconds * 1000 - slackMs;
  return oldest !== undefined && oldest.time < limit;
}

/**
 * What a wider segment holds, too. One that ends earlier than the wider one stays while a promised point lies between the
 * ends, for it may lead there.
 *
 * @param segments by end, the widest of one end first.
 */
function redundantAmong(segments: readonly Reaching[], isPromised: IsPromised): Reaching[] {
  const wider = nextBeginningUpTo(segments);
  const promised = nextThat(segments, isPromised);
  return segments.filter((segment, i) => {
    if (segments[i - 1]?.to === segment.to) return true;
    if (isPromised(segment)) return false;
    let over = wider[i] as number;
    while (segments[over]?.to === segment.to) over = wider[over] as number;
    return over < segments.length && (promised[i] as number) >= over;
  });
}

/** For each segment the place of the nearest behind it that begins where it does or before; their number for none. */
function nextBeginningUpTo(segments: readonly Segment[]): number[] {
  const next = new Array<number>(segments.length);
  for (let i = segments.length - 1; i >= 0; i--) {
    const { from } = segments[i] as Segment;
    let behind = i + 1;
    while (behind < segments.length && (segments[behind] as Segment).from > from)
      behind = next[behind] as number;
    next[i] = behind;
  }
  return next;
}

/** For each segment the place of the nearest behind it that is one; their number for none. */
function nextThat(segments: readonly Segment[], isOne: IsPromised): number[] {
  let nearest = segments.length;
  return segments
    .toReversed()
    .map((segment, i) => {
      const behind = nearest;
      if (isOne(segment)) nearest = segments.length - 1 - i;
      return behind;
    })
    .reverse();
}

/** Neighbours in one step of a level, once the whole step is older than what finer levels promise. */
function mergesOf(
  segments: readonly Reaching[],
  timeline: Timeline,
  policy: ArchivePolicy,
  now: number,
  isPromised: IsPromised,
): (readonly Segment[])[] {
  const reference = referenceTime(timeline, now);
  const groups: Segment[][] = [];
  let last: { readonly step: string | undefined; readonly segment: Segment } | undefined;
  for (const segment of segments) {
    const step = closedStep(segment, policy, reference);
    const goesOn =
      last !== undefined &&
      step !== undefined &&
      step === last.step &&
      segment.from === last.segment.to &&
      !isPromised(last.segment) &&
      (groups.at(-1) as Segment[]).length < MAX_MERGED;
    if (goesOn) (groups.at(-1) as Segment[]).push(segment);
    else groups.push([segment]);
    last = { step, segment };
  }
  return groups.filter((group) => group.length > 1);
}

/** Names the step of the coarsest level that the segment's cut lies in and that no finer level reaches any more. */
function closedStep(
  { time }: Segment,
  policy: ArchivePolicy,
  reference: number,
): string | undefined {
  for (let i = policy.length - 1; i >= 0; i--) {
    const end = stepAt(time, policy[i] as Level);
    const finer = policy[i - 1];
    if (end < reference - (finer?.forSeconds ?? 0) * 1000) return `${i}:${end}`;
  }
  return undefined;
}
