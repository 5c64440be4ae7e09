// Which commit is the newest. lock.mdb says so, for the next transaction to begin from; but whoever opens the engine sets
// that to what it has read of data.mdb some instants before (lmdb 3.5.6, mdb_env_open2). Where another process commits in
// between, the next writer would begin from the state before that commit, and undo it.
// INVARIANT: no transaction commits that has not begun from the newest commit in data.mdb; but on machines that data-file.ts
// does not check, where nobody looks.
//
//   lock.mdb := magic:u32 format:u32 txnid:u64 …
import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ioError } from "@nadb/core";
import { isCheckedMachine, LOCK_FILE, metaOffsets } from "./data-file.js";

const NEWEST_OFFSET = 8;
const MAX_DESCRIPTOR = 65_536;

export class NewestCommit {
  readonly #metas: readonly number[];
  readonly #bytes = Buffer.alloc(8);

  /** @param data a descriptor of data.mdb. */
  constructor(
    readonly folder: string,
    readonly data: number,
  ) {
    this.#metas = isCheckedMachine() ? metaOffsets(data) : [];
  }

  /**
   * Whether a transaction of this id has begun from it. If not lock.mdb is put right, for the next one to begin.
   * REQUIRES: that transaction is under way, so nobody else commits. Throws NADB_IO when lock.mdb can not be put right.
   */
  isBaseOf(txnid: number): boolean {
    const newest = this.#newest();
    if (newest < BigInt(txnid)) return true;
    this.#bytes.writeBigUInt64LE(newest);
    try {
      withLockFile(join(this.folder, LOCK_FILE), (descriptor) =>
        writeSync(descriptor, this.#bytes, 0, 8, NEWEST_OFFSET),
      );
    } catch (error) {
      throw ioError(`writing to the store in ${this.folder}`, error);
    }
    return false;
  }

  #newest(): bigint {
    let newest = 0n;
    for (const offset of this.#metas) {
      readSync(this.data, this.#bytes, 0, 8, offset);
      const txnid = this.#bytes.readBigUInt64LE();
      if (txnid > newest) newest = txnid;
    }
    return newest;
  }
}

/**
 * By the engine's own descriptor: closing another one would release the locks that this process holds on the file, also those
 * of its other threads. Windows keeps locks with the handle that took them.
 */
function withLockFile<T>(path: string, use: (descriptor: number) => T): T {
  if (process.platform !== "win32") return use(openDescriptorOf(path));
  const descriptor = openSync(path, "r+");
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openDescriptorOf(path: string): number {
  const { dev, ino } = statSync(path);
  for (let descriptor = 0; descriptor < MAX_DESCRIPTOR; descriptor++) {
    try {
      const found = fstatSync(descriptor);
      if (found.dev === dev && found.ino === ino) return descriptor;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBADF") throw error;
    }
  }
  throw new Error(`${LOCK_FILE} is not the one that was opened`);
}
