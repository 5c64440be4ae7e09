// The fs backend: the embedded layer over LMDB, in one folder that several processes may share.
import { mkdir, open, readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  type BackendCapabilities,
  EmbeddedBackend,
  type EmbeddedOptions,
  ioError,
  MAX_KEY_BYTES,
  MAX_TAG_BYTES,
  NadbError,
  type OrderedKv,
  type StorageBackend,
} from "@nadb/core";
import { checkDataFile, checkLockFile, DATA_FILE, LOCK_FILE } from "./data-file.js";
import { openLmdb } from "./lmdb-kv.js";

const capabilities: BackendCapabilities = {
  durable: true,
  multiProcess: true,
  snapshots: true,
  transactions: true,
  buffering: true,
  maxKeyBytes: MAX_KEY_BYTES,
  maxTagBytes: MAX_TAG_BYTES,
  maxValueBytes: 256 * 1024 * 1024,
};

export interface FsBackendOptions extends EmbeddedOptions {
  /** The store's folder, on a local disk: LMDB maps it into memory, which network file systems break. */
  readonly path: string;
  /** Make the store when there is none. Default true; false throws NADB_NOT_A_STORE instead. */
  readonly create?: boolean;
}

/** A durable store in a local folder. */
export function fsBackend(options: FsBackendOptions): StorageBackend {
  const path = resolve(options.path);
  return new EmbeddedBackend(
    { name: "fs", capabilities, openKv: () => openFolder(path, options.create ?? true) },
    options,
  );
}

async function openFolder(path: string, create: boolean): Promise<OrderedKv> {
  const files = await listFolder(path);
  const isNew = !files.includes(DATA_FILE);
  if (isNew) {
    // The lock alone is what a process leaves that died while it made the store.
    if (files.some((file) => file !== LOCK_FILE)) {
      throw notAStore(`${path} holds other files and no store`, "name an empty folder");
    }
    if (!create) throw notAStore(`there is no store in ${path}`, "name another folder");
    await makeFolder(path);
  } else {
    await checkDataFile(path);
  }
  await checkLockFile(path);
  const kv = openLmdb(path);
  if (isNew) await flushNames(path);
  return kv;
}

/** A power cut must not take the names of new files back: the engine flushes only what is in them. */
async function flushNames(path: string): Promise<void> {
  if (process.platform === "win32") return; // folders can not be flushed there, and need not be
  for (const folder of [path, dirname(path)]) {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  }
}

/** Empty when there is no such folder. */
async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR")
      throw notAStore(`${path} is a file, or below one`, "a store is a folder");
    throw ioError(`opening the store in ${path}`, error);
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw ioError(`making a store in ${path}`, error);
  }
}

const notAStore = (message: string, hint: string): NadbError =>
  new NadbError("NADB_NOT_A_STORE", message, { hint });
