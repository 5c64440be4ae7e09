// Reading a point: the chain of its base and the segments that are laid over it, as one chain of runs.
import type { NamespaceId } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import type { ChainSource } from "../run/state.js";
import { withTimeline } from "./hold.js";
import { located, readSegments } from "./segments.js";
import { planPoint, type Timeline, type TimelinePoint } from "./timeline.js";

export interface PointReading extends ChainSource, AsyncDisposable {
  readonly point: TimelinePoint;
  /** The manifest of the cut: of a segment, or of a backup. */
  readonly info: BackupInfo;
  /** What is read, oldest first: ids of backups, names of segments. */
  readonly names: readonly string[];
}

/**
 * Reads a point, held against compaction and pruning. `use` has changed nothing when it throws. Throws what `choose` throws,
 * and NADB_CORRUPTION for what is damaged.
 */
export async function readPoint<T>(
  repository: Repository,
  id: NamespaceId,
  choose: (timeline: Timeline) => TimelinePoint,
  use: (reading: PointReading) => Promise<T>,
): Promise<T> {
  return withTimeline(repository, id, async (timeline) => {
    await using reading = await openPoint(repository, id, timeline, choose(timeline));
    return await use(reading);
  });
}

/** REQUIRES: the archive is held. The base is, until the reading is released. */
export async function openPoint(
  repository: Repository,
  id: NamespaceId,
  timeline: Timeline,
  chosen: TimelinePoint,
): Promise<PointReading> {
  const { point, base, segments } = planPoint(timeline, chosen);
  const reading = await repository.reading(base.backupId);
  try {
    const infos = await readSegments(repository.target, id, segments);
    const { target, chain, renew } = reading;
    return {
      target,
      renew,
      point,
      info: infos.at(-1) ?? reading.tip,
      names: [...chain, ...infos].map(({ backupId }) => backupId),
      chain: [...chain, ...infos.map((info) => located(id, info))],
      [Symbol.asyncDispose]: () => reading.release(),
    };
  } catch (error) {
    await reading.release();
    throw error;
  }
}
