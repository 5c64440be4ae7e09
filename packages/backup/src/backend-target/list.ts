// Listing a folder: the keys of what is in it and below, and of the files in it their sizes. Contents are not read.
import type { TargetEntry } from "../target.js";
import { FILE_PREFIX } from "./layout.js";
import { findHeads, keysWith, type Room } from "./room.js";

const SIZES_AT_ONCE = 64;

export async function listFolder(room: Room, folder: string): Promise<readonly TargetEntry[]> {
  const folders = new Set<string>();
  const files: string[] = [];
  for await (const path of pathsBelow(room, folder)) {
    const [name = "", ...deeper] = path.slice(folder === "" ? 0 : folder.length + 1).split("/");
    if (deeper.length > 0) folders.add(name);
    else files.push(path);
  }
  return [...(await describeFiles(room, files)), ...[...folders].map(asFolder)];
}

/** Of all files in a folder and below, in the order of their bytes. */
export async function* pathsBelow(room: Room, folder: string): AsyncGenerator<string> {
  const prefix = folder === "" ? FILE_PREFIX : `${FILE_PREFIX}${folder}/`;
  for await (const keys of keysWith(room, prefix))
    for (const key of keys) yield key.slice(FILE_PREFIX.length);
}

/** Without those that have gone since their names were read. */
async function describeFiles(room: Room, paths: readonly string[]): Promise<TargetEntry[]> {
  const entries: TargetEntry[] = [];
  for (let i = 0; i < paths.length; i += SIZES_AT_ONCE) {
    for (const { path, head } of await findHeads(room, paths.slice(i, i + SIZES_AT_ONCE))) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      entries.push({ name, type: "file", size: head?.size ?? 0 }); // reading tells of a damaged one
    }
  }
  return entries;
}

const asFolder = (name: string): TargetEntry => ({ name, type: "folder", size: 0 });
