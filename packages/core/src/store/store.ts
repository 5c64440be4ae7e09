// What applications use: a typed API over one StorageNamespace. Nothing is kept here but the namespace and what it was
// opened with; values pass through the codec, writes through the buffer where there is one.
import type {
  Commit,
  Expectation,
  KeyQuery,
  Mutation,
  Page,
  StorageNamespace,
  StoredRecord,
  TagQuery,
} from "../backend.js";
import { NadbError } from "../errors.js";
import { checkKey } from "../limits.js";
import { type AcceptedFor, decodeValue, type ValueCodec } from "./codec.js";
import { type OpenedStore, openStorage } from "./open.js";
import type {
  DeleteOptions,
  Expiry,
  OpenStoreOptions,
  SetEntry,
  SetOptions,
  SignalOption,
  StoreChange,
  StoredValue,
  StoreStats,
  TransactionOptions,
  WatchOptions,
} from "./options.js";
import { release } from "./retained.js";
import { retryConflicts } from "./retry.js";
import { attempt, type Transaction } from "./transaction.js";
import { watch } from "./watch.js";
import { deleteOf, expectationOf, expiryOf, putOf } from "./writes.js";

/** Expired records turned into tombstones in one commit. */
const SWEEP_STEP = 1_000;

export class KeyValueStore<T = Uint8Array, Accepts = AcceptedFor<T>> {
  readonly #opened: OpenedStore<T, Accepts>;
  #closing: Promise<void> | undefined;

  private constructor(opened: OpenedStore<T, Accepts>) {
    this.#opened = opened;
  }

  /** Opens the backend, too. Throws NADB_INVALID_ARGUMENT for a bad name or option, and what the backend's open throws. */
  static async open<T = Uint8Array, Accepts = AcceptedFor<T>>(
    options: OpenStoreOptions<T, Accepts>,
  ): Promise<KeyValueStore<T, Accepts>> {
    return new KeyValueStore(await openStorage(options));
  }

  /** The contract below this store: what BackupManager reads from and restores into. */
  get storage(): StorageNamespace {
    return this.#opened.storage;
  }

  get db(): string {
    return this.storage.id.db;
  }

  get namespace(): string {
    return this.storage.id.namespace;
  }

  /** What values are. */
  get codec(): ValueCodec<T, Accepts> {
    return this.#opened.codec;
  }

  /**
   * Replaces value, tags and expiry together. Durable when it resolves, on a durable backend; with a `sync` it is buffered
   * when it resolves and durable after the next flush, unless it has a condition. Answers the version written, undefined
   * while it is buffered.
   */
  async set(key: string, value: Accepts, options: SetOptions = {}): Promise<number | undefined> {
    const put = putOf(this.#checkOpen(), key, value, options);
    const expectation = expectationOf(key, options);
    return (await this.#write([put], expectation === undefined ? [] : [expectation], options))
      ?.versions[0];
  }

  /** All entries in one atomic commit; of one key twice the later wins. */
  async setMany(entries: readonly SetEntry<Accepts>[], options: SignalOption = {}): Promise<void> {
    const opened = this.#checkOpen();
    const puts = entries.map((entry) => putOf(opened, entry.key, entry.value, entry));
    const expect = entries.map((entry) => expectationOf(entry.key, entry));
    await this.#write(
      puts,
      expect.filter((one) => one !== undefined),
      options,
    );
  }

  /** Throws NADB_UNDECODABLE for a value that the codec can not read. */
  async get(key: string, options: SignalOption = {}): Promise<T | undefined> {
    const { storage, codec } = this.#checkOpen();
    const record = (await storage.getMany([key], options))[0];
    return record === undefined ? undefined : decodeValue(codec, key, record.value);
  }

  /** Value, tags, times (ms since the epoch) and version. */
  async getWithMetadata(
    key: string,
    options: SignalOption = {},
  ): Promise<StoredValue<T> | undefined> {
    const { storage, codec } = this.#checkOpen();
    const record = (await storage.getMany([key], options))[0];
    return record && { ...record, value: decodeValue(codec, key, record.value) };
  }

  /** The records found, by key, from one consistent view. */
  async getMany(
    keys: readonly string[],
    options: SignalOption = {},
  ): Promise<ReadonlyMap<string, T>> {
    const { storage, codec } = this.#checkOpen();
    const records = (await storage.getMany(keys, options)).filter((record) => record !== undefined);
    return new Map(records.map(({ key, value }) => [key, decodeValue(codec, key, value)]));
  }

  async has(key: string, options: SignalOption = {}): Promise<boolean> {
    const { storage } = this.#checkOpen();
    return (await storage.getMany([key], options))[0] !== undefined;
  }

  /** Answers whether there was something to delete. */
  async delete(key: string, options: DeleteOptions = {}): Promise<boolean> {
    const expectation = expectationOf(key, options);
    const expect = expectation === undefined ? [] : [expectation];
    return (await this.#delete([key], expect, options)) === 1;
  }

  /** In one atomic commit; answers how many records went. */
  async deleteMany(keys: readonly string[], options: SignalOption = {}): Promise<number> {
    return this.#delete(keys, [], options);
  }

  /** Gives the record another expiry and leaves the rest; answers whether there is one. Durable when it resolves. */
  async touch(key: string, { signal, ...expiry }: Expiry & SignalOption): Promise<boolean> {
    const { clock } = this.#checkOpen();
    return this.#setExpiry(key, expiryOf(key, expiry, clock), signal);
  }

  /** Lets the record live until it is deleted; answers whether there is one. Durable when it resolves. */
  async persist(key: string, { signal }: SignalOption = {}): Promise<boolean> {
    return this.#setExpiry(key, undefined, signal);
  }

  /** Turns what has expired into deletes now, as commits do little by little; answers how many records went. */
  async cleanupExpired({ signal }: SignalOption = {}): Promise<number> {
    const { storage, clock } = this.#checkOpen();
    let total = 0;
    for (;;) {
      signal?.throwIfAborted();
      const swept = await storage.sweep(clock(), SWEEP_STEP);
      if (swept === 0) return total;
      total += swept;
    }
  }

  /**
   * Runs `body` on a view of its own and commits what it has set and deleted, all or nothing, as if at one instant. When
   * others have changed what it read, it runs again: `body` must have no effects but those on `tx`. An error it throws
   * undoes everything. Throws NADB_CONFLICT when the retries are used up. Durable when it resolves.
   */
  async transaction<R>(
    body: (tx: Transaction<T, Accepts>) => R | Promise<R>,
    options: TransactionOptions = {},
  ): Promise<R> {
    const opened = this.#checkOpen();
    const { retries, signal } = options;
    const once = async (): Promise<R> => {
      await this.flush();
      return attempt(opened, options, body);
    };
    return retryConflicts("the transaction", once, { retries, signal, random: opened.random });
  }

  /** One page of keys in UTF-8 byte order; `everyPage` follows the cursor. */
  async keys(query: KeyQuery = {}): Promise<Page<string>> {
    return this.#checkOpen().storage.keys(query);
  }

  /** One page of the keys whose records match, in UTF-8 byte order; with `total` their number, too. */
  async queryByTags(query: TagQuery): Promise<Page<string>> {
    return this.#checkOpen().storage.query(query);
  }

  /** Each tag in use with the number of records that carry it. */
  async listTags(options: SignalOption = {}): Promise<ReadonlyMap<string, number>> {
    return this.#checkOpen().storage.tags(options);
  }

  /**
   * Puts and deletes since a checkpoint, each key at its latest; with `follow` also those to come. Flushes first. Throws
   * NADB_CHECKPOINT_EXPIRED when the feed no longer reaches back, for instance after a restore: begin anew without
   * `since`.
   */
  changes(options: WatchOptions = {}): AsyncIterable<StoreChange<T>> {
    const { storage, codec } = this.#checkOpen();
    return watch(storage, codec, options);
  }

  async stats(options: SignalOption = {}): Promise<StoreStats> {
    const { storage, backend } = this.#checkOpen();
    const head = await storage.head(options);
    const tags = (await storage.tags(options)).size;
    return { backend: backend.name, ...storage.id, ...head, tags };
  }

  /** Makes durable what is buffered. Without a `sync` there is nothing to do: every write is durable when it resolves. */
  async flush(): Promise<void> {
    await this.#checkOpen().buffer?.flush();
  }

  /**
   * Removes everything at once, also for readers. The content is replaced, not deleted record by record:
   * a new generation begins, and the next backup is a full.
   */
  async clear(): Promise<void> {
    await (await this.#checkOpen().storage.replace()).commit();
  }

  /**
   * Flushes what is buffered; when that fails, throws and stays open. Closes the backend with its last store, unless
   * `closeBackend` is false. Idempotent.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    try {
      await this.#closing;
    } catch (error) {
      this.#closing = undefined;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { backend, closesBackend, detach } = this.#opened;
    await detach();
    if (release(backend) && closesBackend) await backend.close();
  }

  /** Undefined when the mutations have been buffered. */
  async #write(
    mutations: readonly Mutation[],
    expect: readonly Expectation[],
    { signal }: SignalOption,
  ): Promise<Commit | undefined> {
    const { storage, buffer } = this.#opened;
    signal?.throwIfAborted();
    if (buffer !== undefined && expect.length === 0) {
      await buffer.buffer(mutations);
      return undefined;
    }
    return storage.commit(mutations, { expect, ...(signal === undefined ? {} : { signal }) });
  }

  async #delete(
    keys: readonly string[],
    expect: readonly Expectation[],
    { signal }: SignalOption,
  ): Promise<number> {
    const { storage, buffer } = this.#checkOpen();
    signal?.throwIfAborted();
    const deletes = keys.map(deleteOf);
    if (buffer !== undefined && expect.length === 0) {
      return (await buffer.buffer(deletes)).filter(Boolean).length;
    }
    const { versions } = await storage.commit(deletes, {
      expect,
      ...(signal === undefined ? {} : { signal }),
    });
    return versions.filter((version) => version !== undefined).length;
  }

  /** Writes the record again as it is; should it change meanwhile, as it is then. */
  async #setExpiry(
    key: string,
    expiresAt: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { storage, random } = this.#checkOpen();
    checkKey(key);
    const once = async (): Promise<boolean> => {
      await this.flush();
      const [record] = await storage.getMany([key], signal === undefined ? {} : { signal });
      if (record === undefined) return false;
      if (record.expiresAt === expiresAt) return true;
      const expect = [{ key, version: record.version }];
      await storage.commit([rewrite(record, expiresAt)], { expect });
      return true;
    };
    return retryConflicts(`changing the expiry of ${key}`, once, { random, signal });
  }

  #checkOpen(): OpenedStore<T, Accepts> {
    if (this.#closing === undefined) return this.#opened;
    throw new NadbError("NADB_CLOSED", `the store ${this.db}/${this.namespace} is closed`);
  }
}

function rewrite({ key, value, tags }: StoredRecord, expiresAt: number | undefined): Mutation {
  return { type: "put", key, value, tags, ...(expiresAt === undefined ? {} : { expiresAt }) };
}
