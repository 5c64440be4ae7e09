// The segments of a namespace at a target: listing them, and reading what their manifests say. A segment exists once its
// manifest does; without its data it is damage, and counts for nothing.
import { checkName, corruption, type NamespaceId } from "@nadb/core";
import { type BackupInfo, decodeManifest, isCut, MAX_MANIFEST_BYTES } from "../manifest.js";
import { isPiece, isSafeName } from "../paths.js";
import type { Repository } from "../repository.js";
import { mapSeveral } from "../several.js";
import { type BackupTarget, readWhole } from "../target.js";
import {
  ARCHIVE_FOLDER,
  archiveFolder,
  dataFile,
  filesOf,
  generationFolder,
  isManifest,
  manifestFile,
  type Segment,
  segmentOfFile,
} from "./names.js";
import { type Timeline, timelineOf } from "./timeline.js";

const READ_AT_ONCE = 16;

/** What the folders of an archive hold. */
export interface Listing {
  readonly segments: readonly Segment[];
  /** Their data is missing. */
  readonly damaged: readonly Segment[];
  /** Data without a manifest: never finished, about to be removed, or a segment that has lost it. */
  readonly orphans: readonly Segment[];
  /** Paths of what was never finished. */
  readonly leftovers: readonly string[];
}

/** Whether anything was ever archived there. */
export const hasArchives = async (target: BackupTarget): Promise<boolean> =>
  (await target.list(ARCHIVE_FOLDER)).length > 0;

export async function listSegments(target: BackupTarget, id: NamespaceId): Promise<Listing> {
  checkName("database name", id.db);
  checkName("namespace", id.namespace);
  const listing = {
    segments: [] as Segment[],
    damaged: [] as Segment[],
    orphans: [] as Segment[],
    leftovers: [] as string[],
  };
  for (const { name, type } of await target.list(archiveFolder(id))) {
    if (type === "folder" && isSafeName(name)) await listGeneration(target, id, name, listing);
  }
  return listing;
}

async function listGeneration(
  target: BackupTarget,
  id: NamespaceId,
  generation: string,
  listing: { [list in keyof Listing]: Listing[list][number][] },
): Promise<void> {
  const folder = generationFolder(id, generation);
  const entries = await target.list(folder, { sizes: false });
  const files = new Set(entries.map(({ name }) => name));
  for (const file of files) {
    const segment = segmentOfFile(generation, file);
    if (segment === undefined) {
      if (isPiece(file)) listing.leftovers.push(`${folder}/${file}`);
    } else if (isManifest(file)) {
      const isWhole = files.has(dataFile(segment.name));
      listing[isWhole ? "segments" : "damaged"].push(segment);
    } else if (!files.has(manifestFile(segment.name))) listing.orphans.push(segment);
  }
}

/**
 * Whether an orphan has lost its manifest. One that alone joins a cut before it to a segment behind it had one: nothing is
 * written behind a segment before it is there.
 */
export const hasLostManifest = (
  { segments }: Listing,
  backups: readonly BackupInfo[],
  orphan: Segment,
): boolean => {
  const own = segments.filter(({ generation }) => generation === orphan.generation);
  const leadsTo = ({ generation, toVersion }: BackupInfo): boolean =>
    generation === orphan.generation && toVersion === orphan.from;
  if (own.some(({ from, to }) => from < orphan.to && to > orphan.from)) return false; // a merge, or what was merged
  const begins = own.some(({ to }) => to === orphan.from) || backups.some(leadsTo);
  return begins && own.some(({ from }) => from === orphan.to);
};

/** What a namespace can be restored from: its backups and its archive, in order. */
export async function readTimeline(repository: Repository, id: NamespaceId): Promise<Timeline> {
  const { segments } = await listSegments(repository.target, id);
  return timelineOf(backupsOf(await repository.list(), id), segments);
}

/** Its cuts: what was salvaged is none. */
export const backupsOf = (
  backups: readonly BackupInfo[],
  { db, namespace }: NamespaceId,
): BackupInfo[] =>
  backups.filter(
    (info) => info.sourceDb === db && info.sourceNamespace === namespace && isCut(info),
  );

/** The manifest of a segment. Throws NADB_CORRUPTION where it does not say what the name says. */
export async function readSegment(
  target: BackupTarget,
  id: NamespaceId,
  segment: Segment,
): Promise<BackupInfo> {
  const [path] = filesOf(id, segment);
  const bytes = await readWhole(target, path, MAX_MANIFEST_BYTES);
  const info = decodeManifest(bytes, path, ["segment"]);
  const says = [info.sourceDb, info.sourceNamespace, info.generation, info.backupId, info.dataFile];
  const is = [id.db, id.namespace, segment.generation, segment.name, dataFile(segment.name)];
  if (says.join("/") !== is.join("/"))
    throw corruption(`${path} is the manifest of another segment`);
  if (info.fromVersion !== segment.from || info.toVersion !== segment.to)
    throw corruption(`${path} says other versions than its name`);
  if (Date.parse(info.timestamp) !== segment.time)
    throw corruption(`${path} says another time than its name`);
  return info;
}

/** As readSegment, several at a time. */
export const readSegments = (
  target: BackupTarget,
  id: NamespaceId,
  segments: readonly Segment[],
): Promise<BackupInfo[]> =>
  mapSeveral(segments, READ_AT_ONCE, (segment) => readSegment(target, id, segment));

/** As the readers of runs take it: with the folder where its data file is in the place of its id. */
export const located = (id: NamespaceId, info: BackupInfo): BackupInfo => ({
  ...info,
  backupId: generationFolder(id, info.generation),
});

/** The manifest goes first: a segment is there whole or not at all. */
export async function removeSegment(
  target: BackupTarget,
  id: NamespaceId,
  segment: Segment,
): Promise<void> {
  for (const path of filesOf(id, segment)) await target.remove(path);
}
