// The fs backend: the embedded layer over LMDB, in one folder that several processes may share.
import { resolve } from "node:path";
import {
  type BackendCapabilities,
  EmbeddedBackend,
  type EmbeddedOptions,
  MAX_KEY_BYTES,
  MAX_TAG_BYTES,
  NadbError,
  type OrderedKv,
  type StorageBackend,
} from "@nadb/core";
import { checkDataFile, checkLockFile, DATA_FILE, LOCK_FILE } from "./data-file.js";
import { flushNames, listFolder, makeFolder } from "./folder.js";
import { openLmdb } from "./lmdb-kv.js";
import { checkRoom } from "./room.js";
import { openShared } from "./shared-kv.js";

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
  if (files?.includes(DATA_FILE)) {
    await checkDataFile(path);
    return openChecked(path);
  }
  // The lock alone is what a process leaves that died while it made the store.
  if (files?.some((file) => file !== LOCK_FILE)) {
    throw notAStore(`${path} holds other files and no store`, "name an empty folder");
  }
  if (!create) throw notAStore(`there is no store in ${path}`, "name another folder");
  const firstMade = await makeFolder(path);
  const kv = await openChecked(path);
  try {
    await flushNames(path, firstMade);
  } catch (error) {
    await kv.close();
    throw error;
  }
  return kv;
}

async function openChecked(path: string): Promise<OrderedKv> {
  await checkLockFile(path);
  await checkRoom(path);
  return openShared(path, () => openLmdb(path));
}

const notAStore = (message: string, hint: string): NadbError =>
  new NadbError("NADB_NOT_A_STORE", message, { hint });
