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
import { HeldFile } from "./held-file.js";
import { NewestCommit } from "./newest-commit.js";

type Database = RootDatabase<Buffer, Uint8Array>;

/** Larger than the engine's default: a batch of random keys dirties fewer pages, and keys may be longer. */
const PAGE_BYTES = 8192;
const MAX_READERS = 512;

/** Throws NADB_NOT_A_STORE when `data.mdb` there is no LMDB file, NADB_IO when it can not be opened. */
export async function openLmdb(path: string): Promise<OrderedKv> {
  const db = openDatabase(path);
  let file: HeldFile | undefined;
  try {
    file = new HeldFile(path);
    const kv = new LmdbKv(db, path, file);
    await kv.write(() => undefined); // opening may have made the newest commit forgotten (newest-commit.ts)
    return kv;
  } catch (error) {
    await db.close();
    file?.close();
    throw error;
  }
}

function openDatabase(path: string): Database {
  try {
    return open<Buffer, Uint8Array>({
      path,
      noSubdir: false,
      encoding: "binary",
      keyEncoding: "binary",
      pageSize: PAGE_BYTES,
      maxReaders: MAX_READERS,
      overlappingSync: false,
      eventTurnBatching: false, // its promise for the whole batch would reject with nobody listening
      cache: false,
    });
  } catch (error) {
    if (error instanceof Error && /MDB_(INVALID|VERSION_MISMATCH|CORRUPTED)/.test(error.message)) {
      throw new NadbError(
        "NADB_NOT_A_STORE",
        `${path} holds a data.mdb that is no store: ${error.message}`,
      );
    }
    throw ioError(`opening the store in ${path}`, error);
  }
}

class LmdbKv implements OrderedKv {
  readonly #writer: WriteTransaction;
  readonly #newest: NewestCommit;
  #reader: ReadTransaction | undefined;
  #closed = false;

  constructor(
    readonly db: Database,
    readonly path: string,
    readonly file: HeldFile,
  ) {
    this.#newest = new NewestCommit(path, file.descriptor);
    this.#writer = new LmdbWriter(db, path);
  }

  /**
   * LMDB's reader keeps its view until it is reset. It is reset once the code that runs now has run out of
   * work, that is before any I/O of this process completes: who was told of a commit will see it.
   */
  read<T>(body: (tx: ReadTransaction) => T): T {
    this.#reader ??= this.#beginReading();
    return body(this.#reader);
  }

  #beginReading(): ReadTransaction {
    this.db.resetReadTxn();
    process.nextTick(() => {
      this.#reader = undefined;
      if (!this.#closed) this.db.resetReadTxn();
    });
    return new LmdbReader(this.db, this.path);
  }

  async write<T>(body: (tx: WriteTransaction) => T): Promise<T> {
    const result = await this.#commitOnNewest((tx) => {
      this.file.checkNotRemoved(); // before anything is changed that reads would see
      return body(tx);
    });
    this.file.checkNotRemoved(); // it may have been while this was flushed
    return result;
  }

  async #commitOnNewest<T>(body: (tx: WriteTransaction) => T): Promise<T> {
    for (;;) {
      try {
        return await this.#commit(body);
      } catch (error) {
        if (!(error instanceof Outdated)) throw error;
      }
    }
  }

  async #commit<T>(body: (tx: WriteTransaction) => T): Promise<T> {
    const outcome: { refusal?: unknown } = {};
    const guarded = (): T => {
      try {
        if (!this.#newest.isBaseOf(this.db.getWriteTxnId())) throw new Outdated();
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
      if ("refusal" in outcome) throw outcome.refusal;
      throw engineError("writing to", this.path, await commitFailure(error));
    }
  }

  snapshot(): Snapshot {
    this.#reader = undefined;
    try {
      this.db.resetReadTxn();
      return new LmdbSnapshot(this.db, this.path, this.db.useReadTransaction());
    } catch (error) {
      throw engineError("reading", this.path, error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.db.close();
    this.file.close();
  }
}

/** Thrown to undo a transaction that has not begun from the newest commit, before it has done anything. Never leaves this file. */
class Outdated extends Error {}

class LmdbReader implements ReadTransaction {
  readonly #options: { transaction?: Transaction };

  constructor(
    readonly db: Database,
    readonly path: string,
    readonly transaction?: Transaction,
  ) {
    this.#options = transaction === undefined ? {} : { transaction };
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      if (this.transaction !== undefined) return this.db.get(key, this.#options);
      const shared = this.db.getBinaryFast(key);
      return shared === undefined ? undefined : viewOf(shared);
    } catch (error) {
      throw engineError("reading", this.path, error);
    }
  }

  range({ gte, lt }: KeyRange): Iterable<Entry> {
    return this.#guard(this.db.getRange({ start: gte, end: lt, ...this.#options }));
  }

  keys({ gte, lt }: KeyRange): Iterable<Uint8Array> {
    return this.#guard(this.db.getKeys({ start: gte, end: lt, ...this.#options }));
  }

  *#guard<T>(items: Iterable<T>): Generator<T, void, undefined> {
    const iterator = items[Symbol.iterator]();
    const next = (): IteratorResult<T> => {
      try {
        return iterator.next();
      } catch (error) {
        throw engineError("reading", this.path, error);
      }
    };
    try {
      for (let item = next(); !item.done; item = next()) yield item.value;
    } finally {
      iterator.return?.();
    }
  }
}

/** Of the buffer that the engine reads into, whose `length` is set by hand: other methods would see all of it. */
const viewOf = (shared: Uint8Array): Uint8Array =>
  new Uint8Array(shared.buffer, shared.byteOffset, shared.length);

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

/** The engine rejects a failed commit with a promise of its reason; unheard, that would end the process. */
async function commitFailure(error: unknown): Promise<unknown> {
  const reason = (error as { commitError?: unknown }).commitError;
  if (reason === undefined) return error;
  try {
    await reason;
    return error;
  } catch (cause) {
    return cause;
  }
}

/** The engine's own words for a file whose pages are not what they should be. */
const DAMAGED = /MDB_(PAGE_NOTFOUND|CORRUPTED|INVALID|BAD_TXN|PANIC)/;

function engineError(doing: string, path: string, error: unknown): NadbError {
  const detail = error instanceof Error ? error.message : String(error);
  if (!DAMAGED.test(detail)) return ioError(`${doing} the store in ${path}`, error);
  return new NadbError("NADB_CORRUPTION", `the store in ${path} is damaged: ${detail}`, {
    hint: "restore a backup into a new folder",
    cause: error,
  });
}
