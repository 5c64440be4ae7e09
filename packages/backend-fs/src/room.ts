// Room on the disk for what an opening makes. The engine maps the lock.mdb that it has just made and writes to it;
// where the disk has no page for it, that is a bus error, which ends the process.
import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "@nadb/core";
import { DATA_FILE, LOCK_FILE } from "./data-file.js";

/** For lock.mdb (some 33 KB), and the first pages of data.mdb. */
const NEEDED_BYTES = 128 * 1024;

/** Throws NADB_IO when the store's files have yet to be made, or filled, and there is no room for them. */
export async function checkRoom(folder: string): Promise<void> {
  if ((await hasContent(folder, LOCK_FILE)) && (await hasContent(folder, DATA_FILE))) return;
  const doing = `making a store's files in ${folder}`;
  const { blocks, bavail, bsize } = await statfs(folder).catch((error: unknown) => {
    throw ioError(doing, error);
  });
  const free = bavail * bsize;
  if (blocks === 0 || free >= NEEDED_BYTES) return; // some file systems do not say how large they are
  throw ioError(doing, new Error(`${free} bytes are free, ${NEEDED_BYTES} are needed`));
}

/** A file may have a size, but no place on the disk yet. */
async function hasContent(folder: string, file: string): Promise<boolean> {
  const found = await stat(join(folder, file)).catch(() => undefined);
  return found !== undefined && found.blocks !== 0;
}
