// A target in this process's memory: for tests, and for trying things out.
import { concatBytes, NadbError, quote } from "@nadb/core";
import {
  type BackupTarget,
  checkRange,
  type ReadOptions,
  type TargetEntry,
  type WriteOptions,
} from "../target.js";

const CHUNK_BYTES = 1 << 16;

/** Files are gone with the object. */
export function memoryTarget(): BackupTarget {
  return new MemoryTarget();
}

class MemoryTarget implements BackupTarget {
  readonly name = "memory";
  readonly owner = "memory";
  readonly #files = new Map<string, Uint8Array>();

  async list(folder: string): Promise<readonly TargetEntry[]> {
    const prefix = folder === "" ? "" : `${folder}/`;
    const entries = new Map<string, TargetEntry>();
    for (const [path, { length }] of this.#files) {
      if (!path.startsWith(prefix)) continue;
      const [name = "", ...deeper] = path.slice(prefix.length).split("/");
      const entry: TargetEntry =
        deeper.length === 0
          ? { name, type: "file", size: length }
          : { name, type: "folder", size: 0 };
      entries.set(name, entry);
    }
    return [...entries.values()];
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { start, end } = checkRange(options);
    const file = this.#files.get(path);
    if (file === undefined)
      throw new NadbError("NADB_NOT_FOUND", `there is no file ${quote(path)}`);
    const last = Math.min(end, file.length);
    for (let offset = start; offset < last; offset += CHUNK_BYTES) {
      options.signal?.throwIfAborted();
      yield file.slice(offset, Math.min(offset + CHUNK_BYTES, last));
    }
  }

  async size(path: string): Promise<number | undefined> {
    return this.#files.get(path)?.length;
  }

  async write(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: WriteOptions = {},
  ): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) {
      options.signal?.throwIfAborted();
      parts.push(new Uint8Array(chunk));
    }
    if (options.ifAbsent && this.#files.has(path)) {
      throw new NadbError("NADB_ALREADY_EXISTS", `there is a file ${quote(path)} already`);
    }
    this.#files.set(path, concatBytes(parts));
  }

  async remove(path: string): Promise<void> {
    for (const file of [...this.#files.keys()]) {
      if (file === path || file.startsWith(`${path}/`)) this.#files.delete(file);
    }
  }

  isGone(): boolean {
    return false; // its only user is this process
  }
}
