// What the repository knows of one key, without a restore: its record at a time, and all of its versions. Looked up: proven
// is what was read for the answer, a few blocks of each run.
import { type Change, checkKey, type NamespaceId, type StoredRecord } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { changeInRun } from "../run/lookup.js";
import { mapSeveral } from "../several.js";
import type { BackupTarget } from "../target.js";
import { withTimeline } from "./hold.js";
import { readPoint } from "./read-point.js";
import { newestAt } from "./restore-point.js";
import { located, readSegment } from "./segments.js";
import type { Timeline } from "./timeline.js";

type Work = Pick<LongWork, "signal">;

/** Runs looked into at a time. */
const AT_ONCE = 16;

/**
 * The record as it could be read at the newest point not later than `at`; undefined when there was none, or it had expired
 * by `at`. Throws NADB_NOT_FOUND when there is no point so early.
 */
export async function getAt(
  repository: Repository,
  id: NamespaceId,
  key: string,
  at: Date | number,
  work: Work = {},
): Promise<StoredRecord | undefined> {
  checkKey(key);
  return readPoint(repository, id, newestAt(at), async ({ target, chain, renew }) => {
    for (const info of chain.toReversed()) {
      const change = await changeInRun(target, info, key, work);
      if (change !== undefined) return unexpired(change, Number(at));
      await renew?.();
    }
    return undefined;
  });
}

function unexpired(change: Change, at: number): StoredRecord | undefined {
  if (change.type !== "record") return undefined;
  const { expiresAt } = change.record;
  return expiresAt !== undefined && expiresAt <= at ? undefined : change.record;
}

/** One version of a key: a record that was set, or the delete of one. */
export interface KeyVersion {
  readonly generation: string;
  readonly version: number;
  /** When it was set or deleted, in ms since 1970. */
  readonly time: number;
  readonly change: Change;
  /** The run of the earliest cut that has it: a backup, or a segment. */
  readonly kind: "backup" | "segment";
  readonly id: string;
}

/** Every version of the key that a run of the repository still holds, oldest first, each once. Throws NADB_CORRUPTION. */
export async function historyOf(
  repository: Repository,
  id: NamespaceId,
  key: string,
  work: Work = {},
): Promise<readonly KeyVersion[]> {
  checkKey(key);
  const { target } = repository;
  return withTimeline(repository, id, async (timeline, renew) => {
    const runs = await runsOf(target, id, timeline);
    await renew();
    const found = await mapSeveral(runs, AT_ONCE, async (run) => {
      const version = await look(target, run, key, work);
      await renew();
      return version;
    });
    return eachOnce(found.flatMap((one) => one ?? []));
  });
}

interface Run {
  readonly kind: "backup" | "segment";
  readonly id: string;
  /** With the place of its data file. */
  readonly info: BackupInfo;
}

/** In the order of their cuts. */
async function runsOf(target: BackupTarget, id: NamespaceId, timeline: Timeline): Promise<Run[]> {
  const runs: Run[] = [];
  for (const { bases, segments, lost } of timeline.generations) {
    const ofSegments = await mapSeveral([...segments, ...lost], AT_ONCE, async (segment) => {
      const info = await readSegment(target, id, segment);
      return { kind: "segment" as const, id: segment.name, info: located(id, info) };
    });
    const ofBackups = bases.map((info) => ({
      kind: "backup" as const,
      id: info.backupId,
      info,
    }));
    const all = [...ofBackups, ...ofSegments];
    runs.push(...all.sort(byCut));
  }
  return runs;
}

const byCut = ({ info: a }: Run, { info: b }: Run): number =>
  a.toVersion - b.toVersion || Date.parse(a.timestamp) - Date.parse(b.timestamp);

async function look(
  target: BackupTarget,
  { kind, id, info }: Run,
  key: string,
  work: Work,
): Promise<KeyVersion | undefined> {
  const change = await changeInRun(target, info, key, work);
  if (change === undefined) return undefined;
  const { generation } = info;
  if (change.type === "record") {
    const { version, updatedAt: time } = change.record;
    return { generation, version, time, change, kind, id };
  }
  const { version, deletedAt: time } = change.tombstone;
  return { generation, version, time, change, kind, id };
}

/** Generations in their order, versions in each. */
function eachOnce(found: readonly KeyVersion[]): KeyVersion[] {
  const versions = new Map<string, KeyVersion>();
  for (const one of found) {
    const name = `${one.generation}/${one.version}`;
    if (!versions.has(name)) versions.set(name, one);
  }
  const order = [...new Set(found.map(({ generation }) => generation))];
  return [...versions.values()].sort(
    (a, b) => order.indexOf(a.generation) - order.indexOf(b.generation) || a.version - b.version,
  );
}
