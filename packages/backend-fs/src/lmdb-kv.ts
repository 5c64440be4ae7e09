// An OrderedKv over LMDB. A commit is flushed to disk before it becomes visible (overlappingSync is off), so no
// reader, in this process or another, ever sees what a power cut could take back. Commits that wait while one
// is being flushed go down together in the next flush.
import {
  type Entry,
  ioError,
  type KeyRange,
  NadbError,
  type OrderedKv,
  type ReadTransaction,
  type Snapshot,
  type WriteTransaction,
} from "@nadb/core";
import { open, type RootDatabase, type Transaction } from "lmdb";

type Database = RootDatabase<Buffer, Uint8Array>;

/** Larger than the engine's default: a batch of random keys dirties fewer pages, and keys may be longer. */
const PAGE_BYTES = 8192;
const MAX_READERS = 512;

/** Throws NADB_NOT_A_STORE when `data.mdb` there is no LMDB file, NADB_IO when it can not be opened. */
export function openLmdb(path: string): OrderedKv {
  try {
    const db = open<Buffer, Uint8Array>({
      path,
      noSubdir: false,
      encoding: "binary",
      keyEncoding: "binary",
      pageSize: PAGE_BYTES,
      maxReaders: MAX_READERS,
      overlappingSync: false,
      cache: false,
    });
    return new LmdbKv(db, path);
  } catch (error) {
    if (error instanceof Error && /MDB_(INVALID|VERSION_MISMATCH|CORRUPTED)/.test(error.message)) {
      throw new NadbError("NADB_NOT_A_STORE", `${path} holds a data.mdb that is no store: ${error.message}`);
    }
    throw ioError(`opening the store in ${path}`, error);
  }
}

class LmdbKv implements OrderedKv {
  readonly #reader: ReadTransaction;
  readonly #writer: WriteTransaction;

  constructor(
    readonly db: Database,
    readonly path: string,
  ) {
    this.#reader = new LmdbReader(db);
    this.#writer = new LmdbWriter(db);
  }

  read<T>(body: (tx: ReadTransaction) => T): T {
    return body(this.#reader);
  }

  async write<T>(body: (tx: WriteTransaction) => T): Promise<T> {
    const outcome: { refusal?: unknown } = {};
    const guarded = (): T => {
      try {
        return body(this.#writer);
      } catch (error) {
        outcome.refusal = error;
        throw error; // aborts the child transaction
      }
    };
    try {
      const result = await this.db.childTransaction(guarded);
      await this.db.flushed;
      return result;
    } catch (error) {
      throw "refusal" in outcome ? error : ioError(`writing to the store in ${this.path}`, error);
    }
  }

  snapshot(): Snapshot {
    return new LmdbSnapshot(this.db, this.db.useReadTransaction());
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}

class LmdbReader implements ReadTransaction {
  constructor(
    readonly db: Database,
    readonly transaction?: Transaction,
  ) {}

  get(key: Uint8Array): Uint8Array | undefined {
    return this.transaction === undefined
      ? this.db.get(key)
      : this.db.get(key, { transaction: this.transaction });
  }

  range({ gte, lt }: KeyRange): Iterable<Entry> {
    const options = { start: gte, end: lt };
    return this.db.getRange(
      this.transaction === undefined ? options : { ...options, transaction: this.transaction },
    );
  }
}

class LmdbWriter extends LmdbReader implements WriteTransaction {
  put(key: Uint8Array, value: Uint8Array): void {
    this.db.putSync(key, value as Buffer);
  }

  delete(key: Uint8Array): void {
    this.db.removeSync(key);
  }
}

class LmdbSnapshot extends LmdbReader implements Snapshot {
  close(): void {
    this.transaction?.done();
  }
}
