// What applications hand to a store and get from it.
import type { Checkpoint, Head, StorageBackend, StoredRecord, Tombstone } from "../backend.js";
import type { CompressionOptions } from "../compression/compressed-namespace.js";
import type { KeyValueSync } from "../sync.js";
import type { AcceptedFor, Value, ValueCodec } from "./codec.js";

export interface OpenStoreOptions<T = Uint8Array, Accepts = AcceptedFor<T>> {
  readonly backend: StorageBackend;
  /** Default "default". */
  readonly db?: string;
  /** Default "default". */
  readonly namespace?: string;
  /** What values are: `bytes` (the default), `text`, `json<T>()` or one of your own. */
  readonly codec?: ValueCodec<T, Accepts>;
  /**
   * Writes gather in memory and resolve at once; this scheduler commits them. Where the backend's capabilities say that
   * buffering does not pay, writes are committed at once all the same.
   */
  readonly sync?: KeyValueSync;
  /** Buffered writes are flushed early beyond this size, in MiB. Default 1. Needs `sync`. */
  readonly bufferSizeMb?: number;
  /** Store values of at least `minBytes` (default 1,024) compressed where that makes them smaller. Default false. */
  readonly compressValues?: boolean | CompressionOptions;
  /** Now, in ms since the epoch, for TTLs. Default `Date.now`; give the backend the same clock. */
  readonly clock?: () => number;
  /** From 0 to below 1, for the pauses between retries of a transaction. Default `Math.random`. */
  readonly random?: () => number;
  /** Close the backend when the last store on it closes. Default true. */
  readonly closeBackend?: boolean;
}

export interface SignalOption {
  readonly signal?: AbortSignal;
}

/** At most one of the two; the record never expires without either. */
export interface Expiry {
  /** The record expires this long from now, exact to the millisecond. */
  readonly ttlSeconds?: number;
  /** The record expires at this instant, in ms since the epoch. */
  readonly expiresAt?: number;
}

/** At most one of the two. NADB_CONFLICT when it does not hold; then nothing of the commit is written. */
export interface Condition {
  /** Only where no record stands; one that has expired does not count. */
  readonly ifAbsent?: boolean;
  /** Only on exactly this version (`getWithMetadata`). */
  readonly ifVersion?: number;
}

export interface RecordOptions extends Expiry {
  /** Each 1 to 256 bytes as UTF-8. A set without tags leaves the record without tags. */
  readonly tags?: readonly string[];
}

export interface SetOptions extends RecordOptions, Condition, SignalOption {}

export interface SetEntry<Accepts = Value> extends RecordOptions, Condition {
  readonly key: string;
  readonly value: Accepts;
}

export interface DeleteOptions extends Pick<Condition, "ifVersion">, SignalOption {}

export interface TransactionOptions extends SignalOption {
  /** How often it is tried again after a conflict. Default 32. */
  readonly retries?: number;
}

export interface WatchOptions extends SignalOption {
  /** Changes after this cut. Default: everything there is, as puts. */
  readonly since?: Checkpoint | null;
  /** Go on with what happens later, until the signal or a `break`. Default false. */
  readonly follow?: boolean;
  /** With `follow`: how often to look for something new. Default 0.25. */
  readonly pollSeconds?: number;
}

/** A record, its value decoded. Times in ms since the epoch. Version 0: buffered, not committed yet. */
export interface StoredValue<T = Uint8Array> extends Omit<StoredRecord, "value" | "seal"> {
  readonly value: T;
}

/**
 * One change of the feed. `checkpoint` stands on the last change of a cut: handed to `since` later, the feed goes on
 * right behind it.
 */
export type StoreChange<T = Uint8Array> =
  | (StoredValue<T> & { readonly type: "put"; readonly checkpoint?: Checkpoint })
  | (Tombstone & { readonly type: "delete"; readonly checkpoint?: Checkpoint });

export interface StoreStats extends Head {
  readonly backend: string;
  readonly db: string;
  readonly namespace: string;
  /** Distinct tags in use. */
  readonly tags: number;
}
