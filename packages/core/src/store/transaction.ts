// Interactive transactions, optimistic: reads remember the version they saw, writes wait in memory, and one commit writes
// them all on condition that every version read still stands. So what has committed is serializable: it happened as if
// at the instant of its commit, on any backend whose commits span keys.
import { copyBytes } from "#slab";
import type { Expectation, Mutation, StorageNamespace, StoredRecord } from "../backend.js";
import { isNadbError, NadbError } from "../errors.js";
import { canonicalTags, checkKey, quote } from "../limits.js";
import { decodeValue, type ValueCodec } from "./codec.js";
import type { RecordOptions, SignalOption, StoredValue } from "./options.js";
import { deleteOf, putOf } from "./writes.js";

export interface TransactionHost<T, Accepts> {
  /** Where commits go. */
  readonly storage: StorageNamespace;
  /** Where reads come from: committed records only, buffered ones have no version yet. */
  readonly committed: StorageNamespace;
  readonly codec: ValueCodec<T, Accepts>;
  readonly clock: () => number;
}

/** One attempt. Reads see its own writes, and the same value however often they ask. */
export class Transaction<T, Accepts> {
  readonly #host: TransactionHost<T, Accepts>;
  readonly #options: SignalOption;
  /** What each key read held, and on what the commit depends. */
  readonly #read = new Map<string, StoredRecord | undefined>();
  readonly #written = new Map<string, Mutation>();
  #ended = false;

  constructor(host: TransactionHost<T, Accepts>, options: SignalOption) {
    this.#host = host;
    this.#options = options;
  }

  async get(key: string): Promise<T | undefined> {
    return (await this.getWithMetadata(key))?.value;
  }

  /** Of a record this transaction has set itself, the version is 0 and the times are now. */
  async getWithMetadata(key: string): Promise<StoredValue<T> | undefined> {
    const [record] = await this.#records([key]);
    return record && this.#decode(record);
  }

  /** The records found, by key. */
  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, T>> {
    const records = await this.#records(keys);
    return new Map(
      records.flatMap((record) =>
        record === undefined ? [] : [[record.key, this.#decode(record).value]],
      ),
    );
  }

  async has(key: string): Promise<boolean> {
    return (await this.#records([key]))[0] !== undefined;
  }

  /** Replaces value, tags and expiry together when the transaction commits. */
  set(key: string, value: Accepts, options: RecordOptions = {}): void {
    this.#checkOpen();
    const put = putOf(this.#host, key, value, options);
    this.#written.set(key, { ...put, value: copyBytes(put.value), tags: canonicalTags(put.tags) });
  }

  /** A missing key is no error. */
  delete(key: string): void {
    this.#checkOpen();
    this.#written.set(key, deleteOf(key));
  }

  /** @internal Commits on condition that what was read still stands; NADB_CONFLICT when it does not. */
  async commit(): Promise<void> {
    this.#end();
    if (this.#written.size === 0) return this.#confirmReads();
    const { signal } = this.#options;
    await this.#host.storage.commit([...this.#written.values()], {
      expect: this.#expectations(),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** @internal What to tell when the body threw: its own error, unless it had read what no longer stands. */
  async abort(error: unknown): Promise<unknown> {
    this.#end();
    try {
      await this.#confirmReads();
      return error;
    } catch (stale) {
      return isNadbError(stale, "NADB_CONFLICT") ? stale : error;
    }
  }

  async #records(keys: readonly string[]): Promise<(StoredRecord | undefined)[]> {
    this.#checkOpen();
    keys.forEach(checkKey);
    const unknown = keys.filter((key) => !this.#written.has(key) && !this.#read.has(key));
    if (unknown.length > 0) {
      const found = await this.#host.committed.getMany(unknown, this.#options);
      this.#checkOpen();
      // Of two reads of a key under way at once the first to arrive counts; the commit finds out if they differ.
      unknown.forEach((key, i) => {
        if (!this.#read.has(key)) this.#read.set(key, found[i]);
      });
    }
    return keys.map((key) => this.#known(key));
  }

  #known(key: string): StoredRecord | undefined {
    const mutation = this.#written.get(key);
    if (mutation === undefined) return this.#read.get(key);
    if (mutation.type === "delete") return undefined;
    const now = this.#host.clock();
    if (mutation.expiresAt !== undefined && mutation.expiresAt <= now) return undefined;
    const { value, tags = [], expiresAt } = mutation;
    const record = { key, value, tags, createdAt: now, updatedAt: now, version: 0 };
    return expiresAt === undefined ? record : { ...record, expiresAt };
  }

  #decode(record: StoredRecord): StoredValue<T> {
    return { ...record, value: decodeValue(this.#host.codec, record.key, copyBytes(record.value)) };
  }

  #expectations(): Expectation[] {
    return Array.from(this.#read, ([key, record]) => ({ key, version: record?.version ?? null }));
  }

  /** One read is of one instant by itself; several are compared with one look at them all. */
  async #confirmReads(): Promise<void> {
    if (this.#read.size < 2) return;
    const keys = [...this.#read.keys()];
    const now = await this.#host.committed.getMany(keys, this.#options);
    keys.forEach((key, i) => {
      if (now[i]?.version !== this.#read.get(key)?.version) throw changed(key);
    });
  }

  #checkOpen(): void {
    if (this.#ended) throw new NadbError("NADB_CLOSED", "the transaction has ended");
  }

  #end(): void {
    this.#ended = true;
  }
}

const changed = (key: string): NadbError =>
  new NadbError("NADB_CONFLICT", `${quote(key)} changed while the transaction was reading`);

/** Runs `body` in one attempt and commits what it has written. */
export async function attempt<T, Accepts, R>(
  host: TransactionHost<T, Accepts>,
  options: SignalOption,
  body: (tx: Transaction<T, Accepts>) => R | Promise<R>,
): Promise<R> {
  const tx = new Transaction(host, options);
  let result: R;
  try {
    result = await body(tx);
  } catch (error) {
    throw await tx.abort(error);
  }
  await tx.commit();
  return result;
}
