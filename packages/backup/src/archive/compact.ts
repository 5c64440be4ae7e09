// Compaction, a step at a time: remove what nothing needs, merge, or make a full backup that lets the oldest go. It is
// planned from what is there (compaction-plan.ts), so whatever a crash leaves the next one goes on from. INVARIANT: a
// merged segment is durable and read back before what it takes the place of goes, and nothing goes while somebody reads.
import { corruption, isNadbError, type NamespaceId, quote } from "@nadb/core";
import { confirmAll } from "../lease.js";
import type { BackupInfo } from "../manifest.js";
import { backupsBeingRead } from "../readers.js";
import type { Repository } from "../repository.js";
import { mergeRuns } from "../run/merge.js";
import { readRun } from "../run/read-run.js";
import { type CompactionPlan, planCompaction } from "./compaction-plan.js";
import { archiveFolder, namedSegment, type Segment } from "./names.js";
import type { ArchivePolicy } from "./policy.js";
import { rebase } from "./rebase.js";
import { located, readSegment, readTimeline, removeSegment } from "./segments.js";
import { type SegmentHost, type Written, writeSegment } from "./write-segment.js";

export interface CompactHost extends SegmentHost {
  readonly repository: Repository;
}

export type CompactionStep =
  | { readonly type: "merged"; readonly into: Segment; readonly count: number }
  | { readonly type: "removed"; readonly count: number }
  | { readonly type: "rebased"; readonly info: BackupInfo };

/**
 * Does what there is to do, a step at a time, and plans anew once all of a plan is done: what it takes follows the segments,
 * however many steps there are. What waits for readers is left. REQUIRES: the lease.
 */
export async function* compact(
  host: CompactHost,
  id: NamespaceId,
  policy: ArchivePolicy,
): AsyncGenerator<CompactionStep, void, undefined> {
  for (let isOver = false; !isOver; ) {
    isOver = true;
    const timeline = await readTimeline(host.repository, id);
    const plan = planCompaction(timeline, policy, host.clock());
    for await (const step of carryOut(host, id, plan)) {
      isOver = false;
      yield step;
    }
    if (!isOver || plan.rebase === null) continue;
    isOver = false;
    yield { type: "rebased", info: await rebase(host, id, timeline, plan.rebase) };
  }
}

/** Removes, and merges: damage in one group keeps no other from it, but is thrown when nothing else could be done. */
async function* carryOut(
  host: CompactHost,
  id: NamespaceId,
  { removals, merges }: CompactionPlan,
): AsyncGenerator<CompactionStep, void, undefined> {
  let damage: unknown;
  let done = 0;
  for await (const step of removing(host, id, removals)) {
    done++;
    yield step;
  }
  for (const group of merges) {
    try {
      const { segment } = await mergeSegments(host, id, group);
      done++;
      yield { type: "merged", into: segment, count: group.length };
    } catch (error) {
      if (!isNadbError(error, "NADB_CORRUPTION")) throw error;
      damage ??= error;
      continue;
    }
    yield* removing(host, id, group.toReversed());
  }
  if (damage !== undefined && done === 0) throw damage;
}

async function* removing(
  host: CompactHost,
  id: NamespaceId,
  segments: readonly Segment[],
): AsyncGenerator<CompactionStep, void, undefined> {
  const count = await removeAll(host, id, segments);
  if (count > 0) yield { type: "removed", count };
}

/** Answers how many went. */
async function removeAll(
  { target, lease, clock, between }: CompactHost,
  id: NamespaceId,
  segments: readonly Segment[],
): Promise<number> {
  let removed = 0;
  for (const segment of segments) {
    if (await isBeingRead(target, id, clock())) break;
    await confirmAll([lease]);
    await removeSegment(target, id, segment);
    removed++;
    await between?.();
  }
  return removed;
}

async function isBeingRead(
  target: CompactHost["target"],
  id: NamespaceId,
  now: number,
): Promise<boolean> {
  return (await backupsBeingRead(target, now)).has(archiveFolder(id));
}

/** One segment from neighbours: of each key the newest change, the cut of the last. */
async function mergeSegments(
  host: CompactHost,
  id: NamespaceId,
  group: readonly Segment[],
): Promise<Written> {
  const infos = await Promise.all(group.map((one) => readSegment(host.target, id, one)));
  for (const [i, info] of infos.entries()) checkNeighbours(infos[i - 1], info);
  const [first, last] = [infos[0], infos.at(-1)] as [BackupInfo, BackupInfo];
  const segment = namedSegment({
    ...(group.at(-1) as Segment),
    from: (group[0] as Segment).from,
    unwatchedMs: Math.max(...group.map(({ unwatchedMs }) => unwatchedMs)),
  });
  const runs = infos.map((info) => readRun(host.target, located(id, info), { ahead: 1 }));
  const { timestamp, toCheckpoint, stateDigest, stateCount, stateBytes } = last;
  const state =
    stateCount === undefined || stateBytes === undefined ? {} : { stateCount, stateBytes };
  const { fromCheckpoint } = first;
  return writeSegment(host, id, segment, mergeRuns(runs), {
    timestamp,
    fromCheckpoint,
    toCheckpoint,
    stateDigest,
    ...state,
  });
}

function checkNeighbours(before: BackupInfo | undefined, info: BackupInfo): void {
  if (before === undefined || before.toCheckpoint === info.fromCheckpoint) return;
  throw corruption(
    `the segment ${quote(info.backupId)} does not go on where ${quote(before.backupId)} ends`,
  );
}
