// The folder of a store: what is in it, how it is made, and that a power cut does not take its name back.
import { mkdir, open, readdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError, NadbError } from "@nadb/core";

/** Undefined when there is no such folder. Throws NADB_NOT_A_STORE for a file, NADB_IO for what can not be read. */
export async function listFolder(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code !== "ENOTDIR") throw ioError(`opening the store in ${path}`, error);
    throw new NadbError("NADB_NOT_A_STORE", `${path} is a file, or below one`, {
      hint: "a store is a folder",
    });
  }
}

/** Answers the uppermost folder that had to be made; undefined when all were there. */
export async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return await makeFolders(path);
  } catch (error) {
    throw ioError(`making a store in ${path}`, error);
  }
}

/** One by one: Node's recursive mkdir never ends where nobody can make a folder, below /proc for instance. */
async function makeFolders(path: string): Promise<string | undefined> {
  try {
    return (await isMade(path)) ? path : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
  }
  const first = await makeFolders(dirname(path));
  return (await isMade(path)) ? (first ?? path) : first;
}

/** False for a folder that was there. */
async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory()) return false;
    throw error;
  }
}

/** A power cut must not take the names of new files and folders back: the engine flushes only what is in them. */
export async function flushNames(path: string, firstMade = path): Promise<void> {
  if (process.platform === "win32") return; // folders can not be flushed there, and need not be
  const last = dirname(firstMade);
  for (let folder = path; ; folder = dirname(folder)) {
    await flushFolder(folder);
    if (folder === last || folder === dirname(folder)) return;
  }
}

async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    // A folder above may be one that this user can pass through, but not open: nobody could flush it for them.
    if ((error as NodeJS.ErrnoException).code === "EACCES") return;
    throw ioError(`flushing the folder ${folder}`, error);
  }
}
