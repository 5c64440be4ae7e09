// Records as files: one consistent cut of a namespace. INVARIANT: files gather in a hidden folder inside the
// target and move up only when all of them are there; a refused or interrupted export leaves nothing.
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  changeKey,
  decodeRecord,
  type EncodedChange,
  type Head,
  invalidArgument,
  isTombstone,
  quote,
  type StorageNamespace,
} from "@nadb/core";
import { fileError, systemCode } from "./failure.js";
import { pathOfKey } from "./file-path.js";

export interface ExportOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (count: number, bytes: number) => void;
}

export interface Exported {
  readonly count: number;
  readonly bytes: number;
  readonly head: Head;
}

/**
 * REQUIRES: `folder` is missing or empty. Throws NADB_INVALID_ARGUMENT when it is neither, and for keys that
 * leave the folder or can not both be files (`a` and `a/b`).
 */
export async function exportTree(
  namespace: StorageNamespace,
  folder: string,
  options: ExportOptions,
): Promise<Exported> {
  const isNew = await makeEmptyFolder(folder);
  const staging = await mkdtemp(join(folder, ".nadb-export-"));
  try {
    const exported = await new TreeWriter(staging).writeAll(namespace, options);
    await moveUp(staging, folder);
    return exported;
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    if (isNew) await rmdir(folder);
    throw fileError(`exporting to ${folder}`, error);
  }
}

/** Answers whether it was made here. */
async function makeEmptyFolder(folder: string): Promise<boolean> {
  try {
    const made = await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length === 0) return made !== undefined;
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw fileError(`exporting to ${folder}`, error);
    throw invalidArgument(`${folder} is a file, not a folder`);
  }
  throw invalidArgument(`${folder} is not empty`, "export into a new or empty folder");
}

async function moveUp(staging: string, folder: string): Promise<void> {
  for (const name of await readdir(staging)) await rename(join(staging, name), join(folder, name));
  await rmdir(staging);
}

class TreeWriter {
  readonly #made = new Set<string>();
  #count = 0;
  #bytes = 0;

  constructor(readonly root: string) {}

  async writeAll(namespace: StorageNamespace, options: ExportOptions): Promise<Exported> {
    const { signal, onProgress } = options;
    const now = Date.now();
    for await (const page of namespace.changes(null, { signal })) {
      for (const change of page.changes) await this.#write(change, now);
      onProgress?.(this.#count, this.#bytes);
      if (page.end) return { count: this.#count, bytes: this.#bytes, head: page.end };
    }
    throw new Error("the change feed ended without its cut");
  }

  /** A backend without snapshots may send a key again, changed or deleted: the last one stands. */
  async #write(change: EncodedChange, now: number): Promise<void> {
    const path = join(this.root, ...pathOfKey(changeKey(change)));
    if (isTombstone(change)) return rm(path, { force: true });
    const { key, value, expiresAt } = decodeRecord(change);
    if (expiresAt !== undefined && expiresAt <= now) return;
    try {
      await this.#makeFolder(dirname(path));
      await writeNew(path, value);
    } catch (error) {
      throw collision(key, error);
    }
    this.#count++;
    this.#bytes += value.length;
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#made.has(path)) return;
    await mkdir(path, { recursive: true });
    this.#made.add(path);
  }
}

/** Overwrites only a file of exactly this name: on a system that ignores case, `A` and `a` collide. */
async function writeNew(path: string, value: Uint8Array): Promise<void> {
  try {
    await writeFile(path, value, { flag: "wx" });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    const isSameName = (await readdir(dirname(path))).includes(basename(path));
    if (!isSameName) throw error;
    await writeFile(path, value);
  }
}

/** The system's own answer to a file where a folder must be, or the other way round. */
function collision(key: string, error: unknown): unknown {
  if (!["EEXIST", "EISDIR", "ENOTDIR"].includes(systemCode(error) ?? "")) return error;
  return invalidArgument(
    `the key ${quote(key)} and another key can not both be files, as "a" and "a/b" can not`,
    "rename one of them, or keep a backup instead",
  );
}
