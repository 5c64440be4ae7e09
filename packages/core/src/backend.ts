// The contract: all that NADB asks of a storage engine. `@nadb/testkit` tests every promise made here.
// `@nadb/backup` and `KeyValueStore` know nothing of a backend beyond this file.

/** Names one namespace inside a backend. Both parts match `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`. */
export interface NamespaceId {
  readonly db: string;
  readonly namespace: string;
}

/**
 * Names one consistent cut of one namespace. Only the backend that made it interprets it;
 * everybody else compares for equality.
 */
export type Checkpoint = string;

/**
 * On a value that its writer has transformed, for instance compressed: what the namespace counts and hashes
 * instead of the bytes it holds, so that head, digest and backups go by the value that readers see.
 */
export interface Seal {
  /** Length of the value before the transformation. */
  readonly length: number;
  /** SHA-256 of the record's content (record.ts) with the value as it was before; 32 bytes. */
  readonly contentHash: Uint8Array;
}

/** Times are milliseconds since the Unix epoch, as whole numbers. */
export interface StoredRecord {
  /** 1 to 1,024 bytes as UTF-8. */
  readonly key: string;
  readonly value: Uint8Array;
  /** Sorted by UTF-8 bytes, without duplicates; each 1 to 256 bytes. */
  readonly tags: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
  /** From this instant on no read returns the record. Absent: it never expires. */
  readonly expiresAt?: number;
  /** Grows with every change inside one namespace; never used twice. */
  readonly version: number;
  /** Present when the value was put with it. */
  readonly seal?: Seal;
}

/** What a delete leaves in the change feed. */
export interface Tombstone {
  readonly key: string;
  readonly version: number;
  readonly deletedAt: number;
}

/** A change as it stands in the feed and in packs: `encodeRecord` or `encodeTombstone` of record.ts. */
export type EncodedChange = Uint8Array;

export interface Put {
  readonly type: "put";
  readonly key: string;
  readonly value: Uint8Array;
  /** In any order; duplicates count once. */
  readonly tags?: readonly string[];
  readonly expiresAt?: number;
  /** Kept with the record. Whoever gives it must be the one who reads the value back. */
  readonly seal?: Seal;
}

export interface Delete {
  readonly type: "delete";
  readonly key: string;
}

export type Mutation = Put | Delete;

/** The key must stand at this version, or be absent (`null`), for the commit to happen. */
export interface Expectation {
  readonly key: string;
  readonly version: number | null;
}

export interface CommitOptions {
  readonly expect?: readonly Expectation[];
  /**
   * 1 to 128 characters. A commit retried under the same id within an hour answers with the first
   * result and writes nothing.
   */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

export interface Commit {
  /** The cut right after this commit. */
  readonly checkpoint: Checkpoint;
  /**
   * For each mutation the version it made; `undefined` where it changed nothing (a delete of a
   * missing key, or a mutation superseded by a later one of the same commit).
   */
  readonly versions: readonly (number | undefined)[];
}

/** A namespace at one instant; all fields come from one atomic read. */
export interface Head {
  readonly checkpoint: Checkpoint;
  /** Changes when the content is replaced as a whole; "" before the first write. */
  readonly generation: string;
  /**
   * Of the latest change; where versions are counted per partition, their sum. Of two cuts of one generation the one
   * with the larger version holds all changes of the other.
   */
  readonly version: number;
  /** Records held, expired ones that await their sweep included. */
  readonly count: number;
  /** Sum of the lengths of their values; of a sealed one, the length its seal tells. */
  readonly bytes: number;
  /** State digest over those records, 64 hex digits (digest.ts). */
  readonly digest: string;
}

/**
 * Part of a run. A run since a checkpoint comes in version order, a run from the beginning in the order that
 * is cheapest for the engine. The last page, and only that one, carries the cut the run ends at.
 */
export interface ChangePage {
  readonly changes: readonly EncodedChange[];
  /** On every page of a run that comes in the UTF-8 byte order of its keys, each key once. */
  readonly inKeyOrder?: true;
  readonly end?: Head;
}

export interface ChangesOptions {
  /** A page is closed once it holds this many bytes. Default 1 MiB. */
  readonly pageBytes?: number;
  readonly signal?: AbortSignal;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Hand it to the next call to go on; absent on the last page. */
  readonly cursor?: string;
  /** All that match, on this page or another; present when it was asked for. */
  readonly total?: number;
}

export interface PageOptions {
  readonly cursor?: string;
  /** 1 to 10,000; default 1,000. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface KeyQuery extends PageOptions {
  readonly prefix?: string;
}

/** A record matches when it has all of `all`, at least one of `any` (if given) and none of `none`. */
export interface TagQuery extends PageOptions {
  readonly all?: readonly string[];
  readonly any?: readonly string[];
  readonly none?: readonly string[];
  /** Count all matches, too. For a query of one tag it is a look-up, for others a walk over them. Default false. */
  readonly total?: boolean;
}

/** What a staged load has put in place, counted by the backend itself. */
export interface Loaded {
  readonly head: Head;
  /** Records loaded. */
  readonly count: number;
  /** State digest over just those records. */
  readonly digest: string;
  /** Of them, those that a merge left aside because of its `onConflict`. */
  readonly skipped: number;
}

export interface MergeOptions {
  /**
   * What stands where both have a record that can be read. `overwrite` (default): the loaded one. `keep-existing`: the
   * one that is there. `keep-newer`: the one updated later, of two at the same instant the one that is there. Decided
   * when the load commits, so nothing written meanwhile is lost against it.
   */
  readonly onConflict?: "overwrite" | "keep-existing" | "keep-newer";
}

export interface StagedCommitOptions {
  /** When given and not equal to the digest of what was loaded: NADB_CORRUPTION, nothing changes. */
  readonly expectDigest?: string;
  readonly signal?: AbortSignal;
}

/**
 * Content on its way in. Invisible to every reader until `commit` resolves, then visible at once.
 * Abort or crash leaves the namespace as it was; what was staged is cleaned up later.
 */
export interface StagedLoad {
  /**
   * Changes in order; a later one of the same key wins. Times, tags and expiry are kept as they are. The bytes
   * must not change before it resolves.
   */
  put(
    changes: readonly EncodedChange[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<void>;
  commit(options?: StagedCommitOptions): Promise<Loaded>;
  /** Idempotent; does nothing after a commit. */
  abort(): Promise<void>;
}

/**
 * One namespace. Iteration holds no array of all keys; every failure throws; a missing record is
 * `undefined`. After the backend's `close` every call throws NADB_CLOSED.
 */
export interface StorageNamespace {
  readonly id: NamespaceId;
  head(options?: { readonly signal?: AbortSignal }): Promise<Head>;
  /** In the order of `keys`, from one consistent view. */
  getMany(
    keys: readonly string[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<(StoredRecord | undefined)[]>;
  /**
   * Of several mutations of one key only the last counts, as if the others had not been given.
   * All or nothing; durable when it resolves, as far as `capabilities.durable` says.
   */
  commit(mutations: readonly Mutation[], options?: CommitOptions): Promise<Commit>;
  /**
   * The run from `since` (exclusive; `null` = everything) to one cut. Throws NADB_CHECKPOINT_EXPIRED
   * when the feed no longer reaches back to `since`, or never did: a checkpoint of another namespace or another
   * backend. It never continues silently.
   */
  changes(since: Checkpoint | null, options?: ChangesOptions): AsyncIterable<ChangePage>;
  /** Keys in UTF-8 byte order. */
  keys(query?: KeyQuery): Promise<Page<string>>;
  /** Keys of the matching records in UTF-8 byte order. */
  query(query: TagQuery): Promise<Page<string>>;
  /** Each tag in use with the number of records that carry it. */
  tags(options?: { readonly signal?: AbortSignal }): Promise<ReadonlyMap<string, number>>;
  /** Turns up to `limit` records expired at `now` into tombstones; answers how many, 0 only when none is left. */
  sweep(now: number, limit: number): Promise<number>;
  /** A load that becomes the whole content: a new generation. */
  replace(): Promise<StagedLoad>;
  /** A load that is laid over the content: same generation, loaded keys win. */
  merge(options?: MergeOptions): Promise<StagedLoad>;
  /** Forgets tombstones up to this cut; checkpoints before it expire. */
  trim(through: Checkpoint): Promise<void>;
}

/** What a backend says of itself. The conformance suite tests that each line is true. */
export interface BackendCapabilities {
  /** A resolved commit survives the end of the process and of the machine. */
  readonly durable: boolean;
  /** Several processes may have the same store open at a time. */
  readonly multiProcess: boolean;
  /** `changes` reads one snapshot: each key stands in a run once. */
  readonly snapshots: boolean;
  /** Expectations and mutations of one commit may name any keys of the namespace. */
  readonly transactions: boolean;
  /** A commit costs so much more than a write to memory that gathering writes before they are committed pays. */
  readonly buffering: boolean;
  readonly maxKeyBytes: number;
  readonly maxTagBytes: number;
  readonly maxValueBytes: number;
}

export interface StorageBackend {
  /** For messages and manifests: "fs", "memory", "acme-sqlite". */
  readonly name: string;
  /** Packages are versioned apart; this number says which contract a backend keeps. */
  readonly contract: 1;
  readonly capabilities: BackendCapabilities;
  /** Idempotent. */
  open(): Promise<void>;
  /** A handle; nothing is written before the first commit. */
  namespace(id: NamespaceId): Promise<StorageNamespace>;
  /** Namespaces that have been written to. */
  namespaces(): AsyncIterable<NamespaceId>;
  /** Removes a namespace with its content; a missing one is no error. */
  drop(id: NamespaceId): Promise<void>;
  /** Idempotent; waits for work in flight. */
  close(): Promise<void>;
}

/** The contract this package speaks. */
export const CONTRACT = 1;
