// What applications use: a typed, thin API over one StorageNamespace. Nothing is kept here but the namespace.
import type {
  Head,
  KeyQuery,
  Mutation,
  Page,
  Put,
  StorageBackend,
  StorageNamespace,
  StoredRecord,
  TagQuery,
} from "./backend.js";
import { CONTRACT } from "./backend.js";
import { invalidArgument, NadbError } from "./errors.js";
import { checkKey, checkName, checkTime, expiryAfter, quote } from "./limits.js";
import { release, retain } from "./retained.js";

/** Text is stored as UTF-8; half a surrogate pair has none and is refused. */
export type Value = Uint8Array | string;

export interface OpenStoreOptions {
  readonly backend: StorageBackend;
  /** Default "default". */
  readonly db?: string;
  /** Default "default". */
  readonly namespace?: string;
  /** Now, in ms since the epoch, for TTLs. Default `Date.now`; give the backend the same clock. */
  readonly clock?: () => number;
  /** Close the backend when the last store on it closes. Default true. */
  readonly closeBackend?: boolean;
}

export interface SetOptions {
  /** Each 1 to 256 bytes as UTF-8. A set without tags leaves the record without tags. */
  readonly tags?: readonly string[];
  /** The record expires this long from now, exact to the millisecond. */
  readonly ttlSeconds?: number;
  /** The record expires at this instant, in ms since the epoch. Not together with ttlSeconds. */
  readonly expiresAt?: number;
  readonly signal?: AbortSignal;
}

export interface SetEntry extends Omit<SetOptions, "signal"> {
  readonly key: string;
  readonly value: Value;
}

export interface StoreStats extends Head {
  readonly backend: string;
  readonly db: string;
  readonly namespace: string;
  /** Distinct tags in use. */
  readonly tags: number;
}

type SignalOption = { readonly signal?: AbortSignal };

const encoder = new TextEncoder();

export class KeyValueStore {
  readonly #backend: StorageBackend;
  readonly #clock: () => number;
  readonly #closeBackend: boolean;
  #closed = false;

  private constructor(
    /** The contract below this store: what BackupManager reads from and restores into. */
    readonly storage: StorageNamespace,
    options: OpenStoreOptions,
  ) {
    this.#backend = options.backend;
    this.#clock = options.clock ?? Date.now;
    this.#closeBackend = options.closeBackend ?? true;
  }

  /** Opens the backend, too. Throws NADB_INVALID_ARGUMENT for a bad name, and what the backend's open throws. */
  static async open(options: OpenStoreOptions): Promise<KeyValueStore> {
    const { backend, db = "default", namespace = "default" } = options;
    checkContract(backend);
    checkName("database name", db);
    checkName("namespace", namespace);
    retain(backend); // before the first wait: a store that closes meanwhile must see this one
    try {
      await backend.open();
      return new KeyValueStore(await backend.namespace({ db, namespace }), options);
    } catch (error) {
      release(backend);
      throw error;
    }
  }

  get db(): string {
    return this.storage.id.db;
  }

  get namespace(): string {
    return this.storage.id.namespace;
  }

  /** Durable when it resolves, on a durable backend. Overwriting replaces value, tags and expiry together. */
  async set(key: string, value: Value, options: SetOptions = {}): Promise<void> {
    await this.#commit([this.#put({ ...options, key, value })], options);
  }

  /** All entries in one atomic commit; of one key twice the later wins. */
  async setMany(entries: readonly SetEntry[], options: SignalOption = {}): Promise<void> {
    await this.#commit(
      entries.map((entry) => this.#put(entry)),
      options,
    );
  }

  async get(key: string, options: SignalOption = {}): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return (await this.storage.getMany([key], options))[0]?.value;
  }

  /** Value, tags, times (ms since the epoch) and version. */
  async getWithMetadata(
    key: string,
    options: SignalOption = {},
  ): Promise<StoredRecord | undefined> {
    this.#checkOpen();
    return (await this.storage.getMany([key], options))[0];
  }

  /** The records found, by key, from one consistent view. */
  async getMany(
    keys: readonly string[],
    options: SignalOption = {},
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#checkOpen();
    const records = await this.storage.getMany(keys, options);
    return new Map(
      records.flatMap((record) => (record === undefined ? [] : [[record.key, record.value]])),
    );
  }

  async has(key: string, options: SignalOption = {}): Promise<boolean> {
    return (await this.getWithMetadata(key, options)) !== undefined;
  }

  /** Answers whether there was something to delete. */
  async delete(key: string, options: SignalOption = {}): Promise<boolean> {
    return (await this.deleteMany([key], options)) === 1;
  }

  /** In one atomic commit; answers how many records went. */
  async deleteMany(keys: readonly string[], options: SignalOption = {}): Promise<number> {
    const { versions } = await this.#commit(
      keys.map((key) => ({ type: "delete", key })),
      options,
    );
    return versions.filter((version) => version !== undefined).length;
  }

  /** One page of keys in UTF-8 byte order; `everyPage` follows the cursor. */
  async keys(query: KeyQuery = {}): Promise<Page<string>> {
    this.#checkOpen();
    return this.storage.keys(query);
  }

  /** One page of the keys whose records match, in UTF-8 byte order. */
  async queryByTags(query: TagQuery): Promise<Page<string>> {
    this.#checkOpen();
    return this.storage.query(query);
  }

  /** Each tag in use with the number of records that carry it. */
  async listTags(options: SignalOption = {}): Promise<ReadonlyMap<string, number>> {
    this.#checkOpen();
    return this.storage.tags(options);
  }

  async stats(options: SignalOption = {}): Promise<StoreStats> {
    this.#checkOpen();
    const head = await this.storage.head(options);
    const tags = (await this.storage.tags(options)).size;
    return { backend: this.#backend.name, ...this.storage.id, ...head, tags };
  }

  /**
   * Removes everything at once, also for readers. The content is replaced, not deleted record by record:
   * a new generation begins, and the next backup is a full.
   */
  async clear(): Promise<void> {
    this.#checkOpen();
    await (await this.storage.replace()).commit();
  }

  /** Idempotent. Closes the backend with its last store, unless `closeBackend` is false. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const last = release(this.#backend);
    if (last && this.#closeBackend) await this.#backend.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #commit(mutations: readonly Mutation[], { signal }: SignalOption) {
    this.#checkOpen();
    return this.storage.commit(mutations, signal === undefined ? {} : { signal });
  }

  #put(entry: SetEntry): Put {
    checkKey(entry.key);
    const value =
      typeof entry.value === "string" ? encodeText(entry.key, entry.value) : entry.value;
    const expiresAt = this.#expiry(entry);
    return {
      type: "put",
      key: entry.key,
      value,
      ...(entry.tags === undefined ? {} : { tags: entry.tags }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
  }

  #expiry({ key, ttlSeconds, expiresAt }: SetEntry): number | undefined {
    if (ttlSeconds === undefined) {
      if (expiresAt !== undefined) checkTime("expiresAt", expiresAt);
      return expiresAt;
    }
    if (expiresAt !== undefined) {
      throw invalidArgument(`${quote(key)} has both ttlSeconds and expiresAt`, "give one of them");
    }
    return expiryAfter(this.#clock(), ttlSeconds);
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new NadbError("NADB_CLOSED", `the store ${this.db}/${this.namespace} is closed`);
  }
}

function encodeText(key: string, value: string): Uint8Array {
  if (value.isWellFormed()) return encoder.encode(value);
  throw invalidArgument(`the value of ${quote(key)} is no well-formed Unicode (a lone surrogate)`);
}

function checkContract(backend: StorageBackend): void {
  if (backend.contract === CONTRACT) return;
  throw new NadbError(
    "NADB_UNSUPPORTED",
    `backend ${quote(backend.name)} speaks contract ${String(backend.contract)}, this package speaks ${CONTRACT}`,
    { hint: "install versions of both that belong together" },
  );
}
