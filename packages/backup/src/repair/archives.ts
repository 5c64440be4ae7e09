// The archives of a repository as a repair sees them: every segment read by itself, and what is lost with those that can
// not be.
import type { NamespaceId } from "@nadb/core";
import { declarationOr } from "../archive/declaration.js";
import {
  ARCHIVE_FOLDER,
  archiveFolder,
  declarationPath,
  filesOf,
  type Segment,
} from "../archive/names.js";
import {
  backupsOf,
  hasLostManifest,
  type Listing,
  listSegments,
  located,
  readSegment,
} from "../archive/segments.js";
import { type Timeline, timelineOf } from "../archive/timeline.js";
import type { LeaseHost } from "../lease.js";
import type { BackupInfo } from "../manifest.js";
import { isSafeName } from "../paths.js";
import { readRun } from "../run/read-run.js";
import type { BackupTarget } from "../target.js";
import { asFault, readFolder } from "./folders.js";
import type { JudgeWork } from "./judge.js";
import type { LeftAlone, Loss, RepairStep } from "./plan.js";

export interface ArchiveFindings {
  readonly steps: readonly RepairStep[];
  readonly leftAlone: readonly LeftAlone[];
  readonly losses: readonly Loss[];
  readonly kept: readonly Segment[];
}

export async function namespacesOf(target: BackupTarget): Promise<NamespaceId[]> {
  const ids: NamespaceId[] = [];
  for (const db of await foldersIn(target, ARCHIVE_FOLDER))
    for (const namespace of await foldersIn(target, `${ARCHIVE_FOLDER}/${db}`))
      ids.push({ db, namespace });
  return ids;
}

async function foldersIn(target: BackupTarget, folder: string): Promise<string[]> {
  const entries = await target.list(folder);
  return entries.flatMap(({ name, type }) => (type === "folder" && isSafeName(name) ? name : []));
}

/** @param before the backups that are listed now; @param after those that stay. */
export async function lookIntoArchive(
  target: BackupTarget,
  host: LeaseHost,
  id: NamespaceId,
  {
    before,
    after,
    work,
  }: { before: readonly BackupInfo[]; after: readonly BackupInfo[]; work: JudgeWork },
): Promise<ArchiveFindings> {
  const listing = await listSegments(target, id);
  const found = await judgeSegments(target, id, listing, work);
  const isLost = (orphan: Segment) => hasLostManifest(listing, backupsOf(before, id), orphan);
  const lost = listing.orphans.filter(isLost);
  for (const orphan of lost) found.bad.set(orphan, "its manifest is missing");
  const kept = listing.segments.filter((one) => !found.bad.has(one));
  const timelines = [
    timelineOf(backupsOf(before, id), [...listing.segments, ...lost]),
    timelineOf(backupsOf(after, id), kept),
  ] as const;
  const { isBusy } = await readFolder(target, archiveFolder(id), host);
  const unfinished = listing.orphans.filter((orphan) => !isLost(orphan));
  const useless = [...listing.leftovers, ...unfinished.map((orphan) => filesOf(id, orphan)[1])];
  const sweep = isBusy ? [] : sweepOf(id, useless);
  const steps: RepairStep[] = [...found.bad].map(([{ generation, name }, why]) => ({
    type: "quarantine-segment",
    id,
    generation,
    name,
    why,
  }));
  return {
    steps: [...steps, ...sweep],
    leftAlone: [...(await unreadDeclaration(target, id)), ...found.leftAlone],
    losses: lossesOf(id, found.bad, timelines),
    kept,
  };
}

async function judgeSegments(
  target: BackupTarget,
  id: NamespaceId,
  { segments, damaged }: Listing,
  work: JudgeWork,
): Promise<{ bad: Map<Segment, string>; leftAlone: LeftAlone[] }> {
  const bad = new Map(damaged.map((one): [Segment, string] => [one, "its data file is missing"]));
  const leftAlone: LeftAlone[] = [];
  for (const segment of segments) {
    work.signal?.throwIfAborted();
    try {
      const info = located(id, await readSegment(target, id, segment));
      for await (const _ of readRun(target, info, work));
    } catch (error) {
      const { code, message } = asFault(error);
      if (code === "NADB_CORRUPTION") bad.set(segment, message);
      else leftAlone.push({ name: `${archiveFolder(id)}/${segment.name}`, code, why: message });
    }
  }
  return { bad, leftAlone };
}

/** Whoever archives there says anew what it promises. */
async function unreadDeclaration(target: BackupTarget, id: NamespaceId): Promise<LeftAlone[]> {
  const { fault } = await declarationOr(target, id);
  if (fault === undefined) return [];
  return [{ name: declarationPath(id), code: fault.code, why: fault.message }];
}

const sweepOf = (id: NamespaceId, paths: readonly string[]): RepairStep[] =>
  paths.length === 0 ? [] : [{ type: "sweep", what: "archive", name: archiveFolder(id), paths }];

function lossesOf(
  id: NamespaceId,
  bad: ReadonlyMap<Segment, string>,
  [before, after]: readonly [Timeline, Timeline],
): Loss[] {
  const losses = [...bad.keys()].map(({ name, from, to, time }) => ({
    name: `${archiveFolder(id)}/${name}`,
    why: `the changes of versions ${from + 1} to ${to}, up to ${new Date(time).toISOString()}`,
  }));
  const left = new Set(after.points.map(({ id: point }) => point));
  const lost = before.points.filter(
    ({ kind, id: point }) => kind === "segment" && !left.has(point),
  );
  const unreached = lost.filter(
    ({ id: point }) => ![...bad.keys()].some(({ name }) => name === point),
  );
  if (unreached.length === 0) return losses;
  const [first, last] = [unreached[0], unreached.at(-1)].map((point) => timeText(point?.time));
  const which =
    unreached.length === 1
      ? `point of ${first}`
      : `${unreached.length} points from ${first} to ${last}`;
  const why = `no backup leads to its ${which} any more`;
  return [...losses, { name: archiveFolder(id), why }];
}

const timeText = (ms = 0): string => new Date(ms).toISOString();
