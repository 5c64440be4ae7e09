// All that an embedded engine provides: ordered bytes with transactions. Everything a namespace is
// (records, tags, change feed, expiry, head, generations) is built on this once, in this folder.

export interface KeyRange {
  /** First key, inclusive. */
  readonly gte: Uint8Array;
  /** End, exclusive. */
  readonly lt: Uint8Array;
}

export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * One consistent view. Keys order by unsigned bytes. What is handed in may be reused by the caller as soon
 * as the call returns. One object never stands for two views, so what was read through it may be remembered.
 */
export interface ReadTransaction {
  /** Borrowed: valid until the next call to the engine, never to be written to. Copy what is kept. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** In key order, read lazily; entries belong to the caller. REQUIRES: no write to this range while iterating. */
  range(range: KeyRange): Iterable<Entry>;
  /** The keys alone, without reading values. */
  keys(range: KeyRange): Iterable<Uint8Array>;
}

export interface WriteTransaction extends ReadTransaction {
  put(key: Uint8Array, value: Uint8Array): void;
  /** Deleting a missing key does nothing. */
  delete(key: Uint8Array): void;
}

/** A view that outlives the call that made it. Valid until close. */
export interface Snapshot extends ReadTransaction {
  close(): void;
}

export interface OrderedKv {
  /** Runs `body`, synchronously, on the latest committed state. */
  read<T>(body: (tx: ReadTransaction) => T): T;
  /**
   * Runs `body`, synchronous itself, alone among all writers of all processes; commits when it
   * returns, undoes everything when it throws. Resolves once the commit is durable, as far as the
   * engine can.
   */
  write<T>(body: (tx: WriteTransaction) => T): Promise<T>;
  snapshot(): Snapshot;
  close(): Promise<void>;
}
