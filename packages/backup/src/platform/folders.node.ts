// Making folders, one by one: Node's recursive mkdir never ends where nobody can make a folder, below /proc for instance.
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Answers the uppermost folder that had to be made; undefined when all were there. */
export async function makeFolders(path: string): Promise<string | undefined> {
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
