// A folder's files as records. INVARIANT: every key, tag and size is checked before the first record is
// written; memory holds one batch, never the tree.
import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { checkKey, checkTag, invalidArgument, isNadbError, type KeyValueStore } from "@nadb/core";
import { fileError } from "./failure.js";
import { formatBytes } from "./format.js";
import { type FoundFile, type Skipped, walkFiles } from "./walk.js";

/** A commit takes so many files, or so many bytes; a larger file is a commit of its own. */
const BATCH_FILES = 256;
const BATCH_BYTES = 8 * 1024 * 1024;

export interface ImportPlan {
  readonly count: number;
  readonly bytes: number;
  readonly skipped: Skipped;
}

export interface ImportOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (count: number, bytes: number) => void;
}

/** Looks at every file without reading it. Throws NADB_INVALID_ARGUMENT for one that can not be a record. */
export async function planImport(
  folder: string,
  maxValueBytes: number,
  signal: AbortSignal,
): Promise<ImportPlan> {
  await checkFolder(folder);
  const skipped = { symbolicLinks: 0, specialFiles: 0 };
  let count = 0;
  let bytes = 0;
  for await (const file of walkFiles(folder, { signal, skipped })) {
    checkFile(file, maxValueBytes);
    count++;
    bytes += file.bytes;
  }
  return { count, bytes, skipped };
}

async function checkFolder(folder: string): Promise<void> {
  try {
    if ((await stat(folder)).isDirectory()) return;
  } catch (error) {
    throw fileError(`reading the folder ${folder}`, error);
  }
  throw invalidArgument(`${folder} is a file, not a folder`, "nadb set KEY --file stores one file");
}

function checkFile({ path, relativePath, bytes }: FoundFile, maxValueBytes: number): void {
  try {
    checkKey(relativePath);
    tagsOf(relativePath).forEach(checkTag);
  } catch (error) {
    throw isNadbError(error) ? invalidArgument(`${path}: ${error.message}`) : error;
  }
  if (bytes <= maxValueBytes) return;
  const limit = formatBytes(maxValueBytes);
  throw invalidArgument(`${path} has ${formatBytes(bytes)}, this store takes at most ${limit}`);
}

/** The extension without its dot, in lower case; no tag for a file without one. */
function tagsOf(relativePath: string): string[] {
  const extension = extname(relativePath).slice(1).toLowerCase();
  return extension === "" ? [] : [extension];
}

/** Answers what was imported. Interrupted, it leaves whole batches; importing again completes them. */
export async function importTree(
  store: KeyValueStore,
  folder: string,
  { signal, onProgress }: ImportOptions,
): Promise<{ count: number; bytes: number }> {
  const skipped = { symbolicLinks: 0, specialFiles: 0 }; // told by the plan
  let count = 0;
  let bytes = 0;
  for await (const batch of batches(walkFiles(folder, { signal, skipped }))) {
    const entries = await Promise.all(batch.map((file) => readEntry(file, signal)));
    await store.setMany(entries, { signal });
    count += entries.length;
    for (const { value } of entries) bytes += value.length;
    onProgress?.(count, bytes);
  }
  return { count, bytes };
}

async function readEntry({ path, relativePath }: FoundFile, signal: AbortSignal) {
  try {
    const value = await readFile(path, { signal });
    return { key: relativePath, value, tags: tagsOf(relativePath) };
  } catch (error) {
    throw fileError(`reading ${path}`, error);
  }
}

async function* batches(files: AsyncIterable<FoundFile>): AsyncGenerator<FoundFile[]> {
  let batch: FoundFile[] = [];
  let bytes = 0;
  for await (const file of files) {
    if (batch.length === BATCH_FILES || (batch.length > 0 && bytes + file.bytes > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.bytes;
  }
  if (batch.length > 0) yield batch;
}
