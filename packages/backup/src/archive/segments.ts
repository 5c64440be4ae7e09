// The segments of a namespace at a target: listing them, and reading what their manifests say. A segment exists once its
// manifest does; without its data it is damage, and counts for nothing.
import { checkName, corruption, type NamespaceId } from "@nadb/core";
import { type BackupInfo, decodeManifest, MAX_MANIFEST_BYTES } from "../manifest.js";
import { isPiece, isSafeName } from "../paths.js";
import type { Repository } from "../repository.js";
import { type BackupTarget, readWhole } from "../target.js";
import {
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

/** What the folders of an archive hold. */
export interface Listing {
  readonly segments: readonly StoredSegment[];
  /** Their data is missing. */
  readonly damaged: readonly Segment[];
  /** Paths of what was never finished. */
  readonly leftovers: readonly string[];
}

export interface StoredSegment extends Segment {
  /** Of the data file. */
  readonly bytes: number;
}

export async function listSegments(target: BackupTarget, id: NamespaceId): Promise<Listing> {
  checkName("database name", id.db);
  checkName("namespace", id.namespace);
  const listing = {
    segments: [] as StoredSegment[],
    damaged: [] as Segment[],
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
  listing: { segments: StoredSegment[]; damaged: Segment[]; leftovers: string[] },
): Promise<void> {
  const folder = generationFolder(id, generation);
  const files = new Map((await target.list(folder)).map(({ name, size }) => [name, size]));
  for (const file of files.keys()) {
    const segment = segmentOfFile(generation, file);
    if (segment === undefined) {
      if (isPiece(file)) listing.leftovers.push(`${folder}/${file}`);
    } else if (isManifest(file)) {
      const bytes = files.get(dataFile(segment.name));
      if (bytes === undefined) listing.damaged.push(segment);
      else listing.segments.push({ ...segment, bytes });
    } else if (!files.has(manifestFile(segment.name))) listing.leftovers.push(`${folder}/${file}`);
  }
}

/** What a namespace can be restored from: its backups and its archive, in order. */
export async function readTimeline(repository: Repository, id: NamespaceId): Promise<Timeline> {
  const { segments } = await listSegments(repository.target, id);
  return timelineOf(backupsOf(await repository.list(), id), segments);
}

export const backupsOf = (
  backups: readonly BackupInfo[],
  { db, namespace }: NamespaceId,
): BackupInfo[] =>
  backups.filter((info) => info.sourceDb === db && info.sourceNamespace === namespace);

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
