// A target seen through changes that are never written: so that a hundred thousand damages cost no copy each.
import { NadbError, quote } from "@nadb/core";
import type { BackupTarget, ReadOptions, TargetEntry } from "../../src/index.js";
import { pathsOf, readFile } from "./files.js";

/** Every file by its path. */
export type Files = ReadonlyMap<string, Uint8Array>;

export async function filesOf(target: BackupTarget): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  for (const path of await pathsOf(target)) files.set(path, await readFile(target, path));
  return files;
}

/** These files and no others; writing to them fails the test that did, but for the word that somebody reads them. */
export class FrozenTarget implements BackupTarget {
  readonly name = "frozen";
  readonly owner = "frozen";

  constructor(public files: Files) {}

  async list(folder: string): Promise<readonly TargetEntry[]> {
    return entriesOf(this.files, folder);
  }

  async *read(path: string, { start, end }: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const file = this.files.get(path);
    if (file === undefined) throw notFound(path);
    yield file.slice(start, end);
  }

  async size(path: string): Promise<number | undefined> {
    return this.files.get(path)?.length;
  }

  async write(path: string): Promise<void> {
    if (!path.startsWith("readers/")) throw new TypeError(`${path} was to be written`);
  }

  async remove(path: string): Promise<void> {
    if (!path.startsWith("readers/")) throw new TypeError(`${path} was to be removed`);
  }

  isGone(): boolean {
    return false;
  }
}

function entriesOf(files: Files, folder: string): TargetEntry[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  const entries = new Map<string, TargetEntry>();
  for (const [path, { length }] of files) {
    if (!path.startsWith(prefix)) continue;
    const [name = "", ...deeper] = path.slice(prefix.length).split("/");
    const isFile = deeper.length === 0;
    entries.set(name, { name, type: isFile ? "file" : "folder", size: isFile ? length : 0 });
  }
  return [...entries.values()];
}

const notFound = (path: string): NadbError =>
  new NadbError("NADB_NOT_FOUND", `there is no file ${quote(path)}`);

/** The files with some of them replaced; `undefined` removes one. */
export function withFiles(files: Files, changed: Record<string, Uint8Array | undefined>): Files {
  const copy = new Map(files);
  for (const [path, bytes] of Object.entries(changed)) {
    if (bytes === undefined) copy.delete(path);
    else copy.set(path, bytes);
  }
  return copy;
}
