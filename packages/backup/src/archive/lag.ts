// How far an archive is behind its store: told by who archives, and from what both hold while nobody does.
import {
  decodeChange,
  type Head,
  isNadbError,
  NadbError,
  quote,
  type StorageNamespace,
} from "@nadb/core";
import type { Repository } from "../repository.js";
import { readSegment, readTimeline } from "./segments.js";
import { generationNamed, type Timeline, type TimelinePoint } from "./timeline.js";
import type { Position } from "./write-segment.js";

/** How far the archive is behind the store. */
export interface Lag {
  readonly versions: number;
  /** Since when there may be changes that are not archived; 0 when there are none. */
  readonly seconds: number;
}

/** Undefined when nothing was ever archived of the namespace as it is now. */
export async function archiveLag(
  repository: Repository,
  storage: StorageNamespace,
): Promise<Lag | undefined> {
  const head = await storage.head();
  const timeline = await readTimeline(repository, storage.id);
  const newest = timeline.points.findLast((point) => point.generation === head.generation);
  if (newest === undefined) return undefined;
  const versions = Math.max(0, head.version - newest.version);
  if (versions === 0) return { versions: 0, seconds: 0 };
  const now = repository.host.clock();
  const changedAt = await firstChangeAt(repository, storage, timeline, newest);
  return { versions, seconds: (now - since(timeline, newest, changedAt, now)) / 1000 };
}

/**
 * Where nothing had changed for long, the newest point says little: the first change behind it tells more, unless it was
 * written over since. A time that the clock has not reached tells nothing.
 */
function since(
  { points }: Timeline,
  newest: TimelinePoint,
  changedAt: number | undefined,
  now: number,
): number {
  const past = points.filter(({ time }) => time <= now);
  const seen = past.findLast(({ generation }) => generation === newest.generation)?.time ?? 0;
  return changedAt === undefined || changedAt > now ? seen : Math.max(seen, changedAt);
}

/** When the version that follows the point was written; undefined when it is not known any more. */
async function firstChangeAt(
  repository: Repository,
  storage: StorageNamespace,
  timeline: Timeline,
  point: TimelinePoint,
): Promise<number | undefined> {
  try {
    const checkpoint = await checkpointOf(repository, storage, timeline, point);
    for await (const { changes } of storage.changes(checkpoint)) {
      const [first] = changes;
      if (first === undefined) continue;
      const change = decodeChange(first);
      const { version } = change.type === "record" ? change.record : change.tombstone;
      if (version !== point.version + 1) return undefined;
      return change.type === "record" ? change.record.updatedAt : change.tombstone.deletedAt;
    }
    return undefined;
  } catch (error) {
    const unknown = ["NADB_CHECKPOINT_EXPIRED", "NADB_CORRUPTION", "NADB_NOT_FOUND"] as const;
    if (unknown.some((code) => isNadbError(error, code))) return undefined;
    throw error;
  }
}

async function checkpointOf(
  { target }: Repository,
  { id }: StorageNamespace,
  timeline: Timeline,
  { kind, id: name, generation }: TimelinePoint,
): Promise<string> {
  const { bases, segments } = generationNamed(timeline, generation);
  const base = kind === "backup" && bases.find(({ backupId }) => backupId === name);
  if (base) return base.toCheckpoint;
  const segment = segments.find((one) => one.name === name);
  if (segment === undefined) throw new NadbError("NADB_NOT_FOUND", `${quote(name)} has gone`);
  return (await readSegment(target, id, segment)).toCheckpoint;
}

/** @param position as far as is archived. */
export function lagBehind(head: Head, position: Position | undefined, now: number): Lag {
  if (position?.checkpoint === head.checkpoint) return { versions: 0, seconds: 0 };
  const isSame = position?.generation === head.generation;
  const versions = isSame ? head.version - position.version : head.version;
  const seconds = position === undefined ? 0 : Math.max(0, now - position.seenAt) / 1000;
  return { versions, seconds };
}
