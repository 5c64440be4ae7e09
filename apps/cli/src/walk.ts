// The regular files below a folder, in a fixed order. Symbolic links and special files (sockets, pipes,
// devices) are not followed but counted: what is left out is told.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { invalidArgument, quote } from "@nadb/core";
import { fileError } from "./failure.js";

export interface FoundFile {
  readonly path: string;
  /** From the folder that was walked, with "/" between its parts on every system. */
  readonly relativePath: string;
  readonly bytes: number;
}

export interface Skipped {
  symbolicLinks: number;
  specialFiles: number;
}

export interface WalkOptions {
  readonly signal: AbortSignal;
  /** Counts up while walking. */
  readonly skipped: Skipped;
}

/** Throws NADB_NOT_FOUND for a missing folder, NADB_INVALID_ARGUMENT for a file name that is not UTF-8. */
export async function* walkFiles(
  folder: string,
  options: WalkOptions,
  prefix = "",
): AsyncGenerator<FoundFile, void, undefined> {
  for (const entry of await sortedEntries(folder)) {
    options.signal.throwIfAborted();
    checkUtf8(folder, entry.name);
    const path = join(folder, entry.name);
    const relativePath = prefix + entry.name;
    if (entry.isDirectory()) yield* walkFiles(path, options, `${relativePath}/`);
    else if (entry.isFile()) yield { path, relativePath, bytes: await sizeOf(path) };
    else if (entry.isSymbolicLink()) options.skipped.symbolicLinks++;
    else options.skipped.specialFiles++;
  }
}

async function sortedEntries(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw fileError(`reading the folder ${folder}`, error);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    throw fileError(`reading ${path}`, error);
  }
}

/** Node puts U+FFFD where a name is not UTF-8; under that name the file can not be read. */
function checkUtf8(folder: string, name: string): void {
  if (!name.includes("\uFFFD")) return;
  throw invalidArgument(`a file name in ${folder} is not UTF-8: ${quote(name)}`, "rename the file");
}
