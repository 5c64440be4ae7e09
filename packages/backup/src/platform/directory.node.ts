// A target in a local folder. A file is written in a temporary folder, flushed, put in place in one step, and
// its folder flushed: after a crash or a power cut it is there whole or not at all. A folder comes with its first
// file and goes with all it holds, in one step, too. Temporary folders are never listed; one whose process is dead
// goes with the next write.
import { createHash, randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ioError, NadbError } from "@nadb/core";
import { isDead, isOwnerGone, machine, processOwner } from "#process";
import {
  type BackupTarget,
  checkRange,
  type ListOptions,
  type ReadOptions,
  type TargetEntry,
  type WriteOptions,
} from "../target.js";
import { makeFolders } from "./folders.node.js";

const READ_CHUNK_BYTES = 1 << 18;
/** `.tmp-` machine, process id, eight random bytes: no two writers share one. */
const TEMPORARY = /^\.tmp-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}$/;
/** No write takes as long; then it does not matter whose it was. */
const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;

/** Files in the folder `path`, which is made with the first write. */
export function directoryTarget(path: string): BackupTarget {
  return new DirectoryTarget(resolve(path));
}

class DirectoryTarget implements BackupTarget {
  readonly owner = processOwner();

  constructor(readonly name: string) {}

  async list(folder: string, { sizes = true }: ListOptions = {}): Promise<readonly TargetEntry[]> {
    const path = join(this.name, folder);
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const described = await Promise.all(
        entries
          .filter(({ name }) => !TEMPORARY.test(name))
          .map((entry) => describe(path, entry.name, entry.isDirectory(), sizes)),
      );
      return described.flat();
    } catch (error) {
      if (isMissing(error)) return [];
      throw ioError(`listing ${path}`, error);
    }
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { start, end } = checkRange(options);
    const file = await this.#open(path);
    try {
      const last = Math.min(end, (await file.stat()).size);
      for (let offset = start; offset < last; ) {
        options.signal?.throwIfAborted();
        const room = Buffer.allocUnsafeSlow(Math.min(last - offset, READ_CHUNK_BYTES));
        const { bytesRead } = await file.read(room, 0, room.length, offset);
        if (bytesRead === 0) return;
        offset += bytesRead;
        yield room.subarray(0, bytesRead);
      }
    } catch (error) {
      throw asIoError(`reading ${join(this.name, path)}`, error);
    } finally {
      await file.close();
    }
  }

  async size(path: string): Promise<number | undefined> {
    try {
      return (await stat(join(this.name, path))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw ioError(`looking at ${join(this.name, path)}`, error);
    }
  }

  async write(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: WriteOptions = {},
  ): Promise<void> {
    const final = join(this.name, path);
    const temporary = join(this.name, temporaryName());
    try {
      await makeFolder(this.name);
      await sweepTemporaries(this.name);
      await mkdir(temporary);
      await writeDurably(join(temporary, basename(final)), chunks, options.signal);
      const withFolder = dirname(final) !== this.name && (await publishFolder(temporary, final));
      if (!withFolder) await publishFile(join(temporary, basename(final)), final, options);
    } catch (error) {
      throw asIoError(`writing ${final}`, error);
    } finally {
      await rm(temporary, { force: true, recursive: true }).catch(() => undefined); // or else it is swept
    }
  }

  async remove(path: string): Promise<void> {
    const whole = join(this.name, path);
    const temporary = join(this.name, temporaryName());
    try {
      await rename(whole, temporary);
      await flushFolder(dirname(whole));
      await rm(temporary, { force: true, recursive: true });
    } catch (error) {
      if (!isMissing(error)) throw ioError(`removing ${whole}`, error);
    }
  }

  isGone(owner: string): boolean {
    return isOwnerGone(owner);
  }

  async #open(path: string) {
    try {
      return await open(join(this.name, path), "r");
    } catch (error) {
      if (isMissing(error))
        throw new NadbError("NADB_NOT_FOUND", `there is no file ${join(this.name, path)}`);
      throw ioError(`opening ${join(this.name, path)}`, error);
    }
  }
}

/** No entry when the file has gone since its folder was read. */
async function describe(
  folder: string,
  name: string,
  isFolder: boolean,
  hasSize: boolean,
): Promise<TargetEntry[]> {
  if (isFolder) return [{ name, type: "folder", size: 0 }];
  if (!hasSize) return [{ name, type: "file", size: 0 }];
  try {
    return [{ name, type: "file", size: (await stat(join(folder, name))).size }];
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

const temporaryName = (): string =>
  `.tmp-${machineTag()}-${process.pid}-${randomBytes(8).toString("hex")}`;

async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (TEMPORARY.test(name) && (await isAbandoned(folder, name)))
      await rm(join(folder, name), { force: true, recursive: true });
  }
}

async function isAbandoned(folder: string, name: string): Promise<boolean> {
  const [, tag, pid] = TEMPORARY.exec(name) ?? [];
  if (tag === machineTag() && isDead(Number(pid))) return true;
  const found = await stat(join(folder, name)).catch(() => undefined);
  return found !== undefined && found.mtimeMs < Date.now() - ABANDONED_AFTER_MS;
}

async function writeDurably(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes `temporary` the folder of `final`. Answers false when there is one that holds something. */
async function publishFolder(temporary: string, final: string): Promise<boolean> {
  const folder = dirname(final);
  await makeFolder(dirname(folder));
  await flushFolder(temporary);
  try {
    await rename(temporary, folder);
  } catch (error) {
    if (hasCode(error, "ENOTEMPTY", "EEXIST")) return false;
    throw error;
  }
  await flushFolder(dirname(folder));
  return true;
}

async function publishFile(
  temporary: string,
  final: string,
  { ifAbsent }: WriteOptions,
): Promise<void> {
  if (ifAbsent) await linkIfAbsent(temporary, final);
  else await rename(temporary, final);
  await flushFolder(dirname(final));
}

/** A hard link fails when the name is taken: of several writers one wins. */
async function linkIfAbsent(temporary: string, final: string): Promise<void> {
  try {
    await link(temporary, final);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    throw new NadbError("NADB_ALREADY_EXISTS", `there is a file ${final} already`);
  }
}

async function makeFolder(path: string): Promise<void> {
  const first = await makeFolders(path);
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await flushFolder(dirname(made));
  }
}

async function flushFolder(path: string): Promise<void> {
  if (process.platform === "win32") return; // folders can not be flushed there, and need not be
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const machineTag = (): string => createHash("sha256").update(machine()).digest("hex").slice(0, 8);

const isMissing = (error: unknown): boolean => hasCode(error, "ENOENT", "ENOTDIR");

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? "");

/** Only what the operating system reported is wrapped; our own errors and aborts pass. */
function asIoError(doing: string, error: unknown): unknown {
  const isSystemError = error instanceof Error && "syscall" in error;
  return isSystemError ? ioError(doing, error) : error;
}
