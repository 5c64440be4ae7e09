// The points that a namespace can be restored to, in their order: generations by the first backup of each, inside one by
// version. Pure. INVARIANT: times only label. `effectiveTime` never falls along the order, so a clock that is set back never
// makes a restore bring what came later than it was asked for.
import { NadbError, quote } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import { groupBy, Lineage } from "../retention/lineage.js";
import { byEnd, coverOf, reaches } from "./coverage.js";
import type { Segment } from "./names.js";

export interface TimelinePoint {
  readonly kind: "backup" | "segment";
  /** Of the backup, or the name of the segment. */
  readonly id: string;
  /** What the clock said, in ms since 1970. */
  readonly time: number;
  /** The latest time of it and all points before it. */
  readonly effectiveTime: number;
  readonly generation: string;
  readonly version: number;
}

/** A segment, and where the segments up to it begin to cover its cut. */
export interface Reaching extends Segment {
  readonly reach: number;
}

export interface Generation {
  readonly generation: string;
  /** Backups that can be restored, by version. */
  readonly bases: readonly BackupInfo[];
  /** By end. */
  readonly segments: readonly Reaching[];
  /** Segments whose cut no base and segments lead to. */
  readonly lost: readonly Reaching[];
}

export interface Timeline {
  /** In order. */
  readonly generations: readonly Generation[];
  /** In order; those that can be restored. */
  readonly points: readonly TimelinePoint[];
  /** Of generations without a backup: they can not be restored, nor can be told when they were. */
  readonly orphans: readonly Segment[];
}

/** @param backups of one namespace; @param segments of its archive. */
export function timelineOf(backups: readonly BackupInfo[], segments: readonly Segment[]): Timeline {
  const whole = withWholeChain(backups);
  const first = [...whole].sort((a, b) => a.sequence - b.sequence);
  const names = [...new Set(first.map(({ generation }) => generation))];
  const bases = groupBy(whole, ({ generation }) => generation);
  const archived = groupBy(segments, ({ generation }) => generation);
  const generations = names.map((name) =>
    generationOf(name, bases.get(name) ?? [], archived.get(name) ?? []),
  );
  return {
    generations,
    points: pointsOf(generations),
    orphans: segments.filter(({ generation }) => !bases.has(generation)),
  };
}

function withWholeChain(backups: readonly BackupInfo[]): BackupInfo[] {
  const lineage = new Lineage(backups, new Set());
  return backups.filter((info) => lineage.isGood(info));
}

/** @param backups of the generation; @param all of its segments. */
function generationOf(
  generation: string,
  backups: readonly BackupInfo[],
  all: readonly Segment[],
): Generation {
  const bases = [...backups].sort((a, b) => a.toVersion - b.toVersion || a.sequence - b.sequence);
  const sorted = [...all].sort(byEnd);
  const reach = reaches(sorted);
  const reaching = sorted.map((segment, i) => ({ ...segment, reach: reach[i] as number }));
  const isLost = (segment: Reaching): boolean => baseFor(bases, segment) === undefined;
  return {
    generation,
    bases,
    segments: reaching.filter((segment) => !isLost(segment)),
    lost: reaching.filter(isLost),
  };
}

/** The newest base that the cut of a segment can be reached from. */
function baseFor(bases: readonly BackupInfo[], { to, reach }: Reaching): BackupInfo | undefined {
  const base = bases[countUpTo(bases, to) - 1];
  return base !== undefined && base.toVersion >= reach ? base : undefined;
}

/** How many of the bases have a cut up to a version. @param bases by version. */
export function countUpTo(bases: readonly BackupInfo[], version: number): number {
  let [low, high] = [0, bases.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bases[middle] as BackupInfo).toVersion <= version) low = middle + 1;
    else high = middle;
  }
  return low;
}

function pointsOf(generations: readonly Generation[]): TimelinePoint[] {
  const points: TimelinePoint[] = [];
  let effectiveTime = 0;
  for (const { generation, bases, segments, lost } of generations) {
    const cuts = [
      ...bases.map((info) => ({ cut: pointOfBackup(info), isLost: false })),
      ...widestOfEach(segments).map((one) => ({ cut: pointOfSegment(one), isLost: false })),
      ...lost.map((one) => ({ cut: pointOfSegment(one), isLost: true })),
    ].sort((a, b) => a.cut.version - b.cut.version || a.cut.time - b.cut.time);
    for (const { cut, isLost } of cuts) {
      effectiveTime = Math.max(effectiveTime, cut.time);
      if (!isLost) points.push({ ...cut, effectiveTime, generation });
    }
  }
  return points;
}

type Cut = Pick<TimelinePoint, "kind" | "id" | "time" | "version">;

const pointOfBackup = (info: BackupInfo): Cut => ({
  kind: "backup",
  id: info.backupId,
  time: Date.parse(info.timestamp),
  version: info.toVersion,
});

const pointOfSegment = ({ name, time, to }: Segment): Cut => ({
  kind: "segment",
  id: name,
  time,
  version: to,
});

/** A merged segment and the last that went into it have one cut, as long as both are there. */
const widestOfEach = (segments: readonly Reaching[]): readonly Reaching[] =>
  segments.filter(({ to }, i) => segments[i - 1]?.to !== to);

export interface PointPlan {
  readonly point: TimelinePoint;
  /** Its chain is read first. */
  readonly base: BackupInfo;
  /** Laid over the base, in this order; none when the point is the base itself. */
  readonly segments: readonly Segment[];
}

/** How to restore a point. Throws NADB_NOT_FOUND for one that this timeline has not. */
export function planPoint(timeline: Timeline, point: TimelinePoint): PointPlan {
  const { bases, segments } = generationNamed(timeline, point.generation);
  if (point.kind === "backup") {
    const base = bases.find(({ backupId }) => backupId === point.id);
    if (base !== undefined) return { point, base, segments: [] };
  } else {
    const base = bases.findLast(({ toVersion }) => toVersion <= point.version);
    const range = base && { from: base.toVersion, to: point.version };
    const cover = range && coverOf(segments, range);
    if (base && cover) return { point, base, segments: cover };
  }
  throw new NadbError("NADB_NOT_FOUND", `the point ${quote(point.id)} is not there any more`);
}

export function generationNamed({ generations }: Timeline, name: string): Generation {
  const none = { generation: name, bases: [], segments: [], lost: [] };
  return generations.find(({ generation }) => generation === name) ?? none;
}
