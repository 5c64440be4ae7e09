// What data.mdb must be before LMDB may open it. The engine trusts the file: where its open fails it crashes the
// process in its own clean-up (lmdb 3.5.6), and a page behind the end of a file cut short is a bus error. So
// whatever can be wrong is found here first, by reading. INVARIANT: nothing here opens lock.mdb, because closing
// any descriptor of that file releases the locks that this process holds on it.
//
//   file := meta meta page*       each pageBytes long; of the metas the one with the higher txnid counts
//   meta := header:u8[24] magic:u32 version:u32 address:u64 mapBytes:u64 free:tree main:tree lastPage:u64 txnid:u64
//   tree := pageBytes:u32 flags:u16 depth:u16 branches:u64 leaves:u64 overflows:u64 entries:u64 root:u64
//
// Numbers are little-endian. header and page as in page-tree.ts.
import { constants, readSync } from "node:fs";
import { access, type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { corruption, ioError, NadbError } from "@nadb/core";
import { PAGE_HEADER_BYTES, reachesPast } from "./page-tree.js";

export const DATA_FILE = "data.mdb";
export const LOCK_FILE = "lock.mdb";

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const MAGIC_OFFSET = PAGE_HEADER_BYTES;
const FREE_OFFSET = MAGIC_OFFSET + 24;
const MAIN_OFFSET = FREE_OFFSET + 48;
const LAST_PAGE_OFFSET = MAIN_OFFSET + 48;
const META_BYTES = LAST_PAGE_OFFSET + 16;
const ROOT_IN_TREE = 40;
const PAGE_SIZES = [256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
/** The layout is that of 64-bit machines; on others the engine has to see for itself. */
const CHECKED_MACHINES = ["x64", "arm64", "riscv64", "loong64"];
/** How long a file without its metas may be one that another process is just making. */
const MAKING_MS = 250;
const MAKING_STEP_MS = 10;

export const isCheckedMachine = (): boolean => CHECKED_MACHINES.includes(process.arch);

/** Where the txnids of the two metas are. REQUIRES: the descriptor is of a file that was checked. */
export function metaOffsets(descriptor: number): readonly number[] {
  const bytes = Buffer.alloc(4);
  readSync(descriptor, bytes, 0, 4, FREE_OFFSET);
  return [0, bytes.readUInt32LE()].map((meta) => meta + LAST_PAGE_OFFSET + 8);
}

interface Meta {
  readonly pageBytes: number;
  readonly roots: readonly bigint[];
  readonly lastPage: bigint;
  readonly txnid: bigint;
}

/**
 * REQUIRES: the folder holds a data.mdb. Throws NADB_NOT_A_STORE when that is no LMDB file, NADB_CORRUPTION
 * when its end is missing, NADB_IO when it can not be read and written.
 */
export async function checkDataFile(folder: string): Promise<void> {
  if (!isCheckedMachine()) return;
  const path = join(folder, DATA_FILE);
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r+");
    await checkWhole(file, path);
  } catch (error) {
    if (error instanceof NadbError) throw error;
    if ((error as NodeJS.ErrnoException).code === "EISDIR") throw noStore(path, "is a folder");
    throw ioError(`opening ${path}`, error);
  } finally {
    await file?.close();
  }
}

/** Throws NADB_IO unless the engine can open lock.mdb for writing, or make it. */
export async function checkLockFile(folder: string): Promise<void> {
  const path = join(folder, LOCK_FILE);
  try {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) await access(folder, constants.W_OK | constants.X_OK);
    else if (!found.isFile()) throw new Error("it is no file");
    else await access(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw ioError(`opening ${path}`, error);
  }
}

async function checkWhole(file: FileHandle, path: string): Promise<void> {
  for (let meta = await readMeta(file, path); ; ) {
    const { size } = await file.stat();
    if (BigInt(size) >= (meta.lastPage + 1n) * BigInt(meta.pageBytes)) return;
    // That alone loses nothing: pages at the end that are free need not be there.
    if (!(await reachesPast(size, file, meta))) return;
    const { txnid } = meta;
    meta = await readMeta(file, path);
    if (meta.txnid === txnid) throw cutShort(path, size, meta); // else a commit changed pages meanwhile
  }
}

/** The meta that counts. */
async function readMeta(file: FileHandle, path: string): Promise<Meta> {
  for (let waited = 0; waited < MAKING_MS; waited += MAKING_STEP_MS) {
    const first = await readMetaAt(0, file, path);
    const second = first && (await readMetaAt(first.pageBytes, file, path));
    if (first !== undefined && second !== undefined) {
      return second.txnid > first.txnid ? second : first;
    }
    await setTimeout(MAKING_STEP_MS);
  }
  throw noStore(path, "ends before it begins: it was cut short, or never made");
}

/** Undefined when the file ends before it. */
async function readMetaAt(
  offset: number,
  file: FileHandle,
  path: string,
): Promise<Meta | undefined> {
  const bytes = Buffer.alloc(META_BYTES);
  const { bytesRead } = await file.read(bytes, 0, META_BYTES, offset);
  if (bytesRead < META_BYTES) return undefined;
  const version = bytes.readUInt32LE(MAGIC_OFFSET + 4);
  const pageBytes = bytes.readUInt32LE(FREE_OFFSET);
  if (bytes.readUInt32LE(MAGIC_OFFSET) !== MAGIC || !PAGE_SIZES.includes(pageBytes)) {
    throw noStore(path, "is no LMDB file");
  }
  if (version !== DATA_VERSION)
    throw noStore(path, `has LMDB's data format ${version}, not ${DATA_VERSION}`);
  return {
    pageBytes,
    roots: [FREE_OFFSET, MAIN_OFFSET].map((tree) => bytes.readBigUInt64LE(tree + ROOT_IN_TREE)),
    lastPage: bytes.readBigUInt64LE(LAST_PAGE_OFFSET),
    txnid: bytes.readBigUInt64LE(LAST_PAGE_OFFSET + 8),
  };
}

const noStore = (path: string, what: string): NadbError =>
  new NadbError("NADB_NOT_A_STORE", `${path} ${what}`, {
    hint: "name another folder; if this one's store was never written to, delete the file",
  });

const cutShort = (path: string, size: number, { lastPage, pageBytes }: Meta): NadbError =>
  corruption(
    `${path} is cut short: it has ${size} bytes of ${(lastPage + 1n) * BigInt(pageBytes)}`,
    "restore the store from a backup into a new folder",
  );
