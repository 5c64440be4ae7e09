// Which commit is the newest. lock.mdb says so, for the next transaction to begin from; but whoever opens the engine sets
// that to what it has read of data.mdb some instants before (lmdb 3.5.6, mdb_env_open2). Where another process commits in
// between, the next writer would begin from the state before that commit, and undo it.
// INVARIANT: no transaction commits that has not begun from the newest commit in data.mdb.
//
//   lock.mdb := magic:u32 format:u32 txnid:u64 …
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ioError } from "@nadb/core";
import { isCheckedMachine, LOCK_FILE, metaOffsets } from "./data-file.js";

const NEWEST_OFFSET = 8;

export class NewestCommit {
  readonly #lock: number;
  readonly #metas: readonly number[];
  readonly #bytes = Buffer.alloc(8);

  /**
   * REQUIRES: the engine is open there. Throws NADB_IO when its files can not be opened.
   * @param data a descriptor of data.mdb.
   */
  constructor(
    folder: string,
    readonly data: number,
  ) {
    try {
      this.#metas = isCheckedMachine() ? metaOffsets(data) : [];
      this.#lock = openSync(join(folder, LOCK_FILE), "r+");
    } catch (error) {
      throw ioError(`opening the store in ${folder}`, error);
    }
  }

  /** True when lock.mdb names an older one; or just now, while another process commits. */
  isForgotten(): boolean {
    return this.#read(this.#lock, NEWEST_OFFSET) < this.#newest();
  }

  /**
   * Whether a transaction of this id has begun from it. If not lock.mdb is put right, for the next one to begin.
   * REQUIRES: that transaction is under way, so nobody else commits.
   */
  isBaseOf(txnid: number): boolean {
    const newest = this.#newest();
    if (newest < BigInt(txnid)) return true;
    this.#bytes.writeBigUInt64LE(newest);
    writeSync(this.#lock, this.#bytes, 0, 8, NEWEST_OFFSET);
    return false;
  }

  /** REQUIRES: the engine is closed: this releases what locks the process holds on lock.mdb. */
  close(): void {
    closeSync(this.#lock);
  }

  #newest(): bigint {
    let newest = 0n;
    for (const offset of this.#metas) {
      const txnid = this.#read(this.data, offset);
      if (txnid > newest) newest = txnid;
    }
    return newest;
  }

  #read(descriptor: number, offset: number): bigint {
    readSync(descriptor, this.#bytes, 0, 8, offset);
    return this.#bytes.readBigUInt64LE();
  }
}
