// A target in memory that keeps each folder by itself, so that a repository of tens of thousands of files is quickly made;
// and one that counts what is asked of another.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NadbError } from "@nadb/core";

export class FolderTarget {
  name = "memory";
  owner = "bench";
  #folders = new Map([["", new Map()]]);

  async list(folder) {
    const entries = this.#folders.get(folder) ?? new Map();
    return [...entries].map(([name, bytes]) =>
      bytes === null
        ? { name, type: "folder", size: 0 }
        : { name, type: "file", size: bytes.length },
    );
  }

  async *read(path, { start = 0, end } = {}) {
    const file = this.#file(path);
    if (file === undefined) throw new NadbError("NADB_NOT_FOUND", `there is no file ${path}`);
    yield file.subarray(start, end);
  }

  async size(path) {
    return this.#file(path)?.length;
  }

  async write(path, chunks, { ifAbsent = false } = {}) {
    const parts = [];
    for await (const chunk of chunks) parts.push(Buffer.from(chunk));
    if (ifAbsent && this.#file(path) !== undefined)
      throw new NadbError("NADB_ALREADY_EXISTS", `there is a file ${path} already`);
    const [folder, name] = split(path);
    this.#made(folder).set(name, Buffer.concat(parts));
  }

  async remove(path) {
    const [parent, name] = split(path);
    this.#folders.get(parent)?.delete(name);
    this.#folders.delete(path);
  }

  isGone() {
    return true;
  }

  /** Writes all of it into a folder of the disk; nothing is flushed. */
  saveTo(root) {
    for (const [folder, entries] of this.#folders) {
      mkdirSync(join(root, folder), { recursive: true });
      for (const [name, bytes] of entries)
        if (bytes !== null) writeFileSync(join(root, folder, name), bytes);
    }
  }

  #file(path) {
    const [folder, name] = split(path);
    return this.#folders.get(folder)?.get(name) ?? undefined;
  }

  #made(folder) {
    const entries = this.#folders.get(folder) ?? new Map();
    if (this.#folders.has(folder)) return entries;
    this.#folders.set(folder, entries);
    const [parent, name] = split(folder);
    this.#made(parent).set(name, null);
    return entries;
  }
}

function split(path) {
  const at = path.lastIndexOf("/");
  return at < 0 ? ["", path] : [path.slice(0, at), path.slice(at + 1)];
}

const COUNTED = ["list", "read", "size", "write", "remove"];

/** The target, and how often each of its methods was called. */
export function counting(target) {
  const counts = Object.fromEntries(COUNTED.map((name) => [name, 0]));
  const counted = new Proxy(target, {
    get(one, name) {
      const value = one[name];
      if (typeof value !== "function") return value;
      return (...given) => {
        if (name in counts) counts[name]++;
        return value.apply(one, given);
      };
    },
  });
  return { target: counted, counts };
}
