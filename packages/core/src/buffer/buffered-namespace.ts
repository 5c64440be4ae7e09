// A namespace that gathers writes in memory and commits them together. It keeps every promise of the contract:
// `commit` is as durable as below. `buffer` is the verb beside it. INVARIANT: writes take effect in the order of
// the calls, buffered or not, awaited or not; what `buffer` has acknowledged is read at once and never dropped.
import type {
  ChangePage,
  ChangesOptions,
  Checkpoint,
  Commit,
  CommitOptions,
  Head,
  KeyQuery,
  MergeOptions,
  Mutation,
  NamespaceId,
  Page,
  StagedLoad,
  StorageNamespace,
  StoredRecord,
  TagQuery,
} from "../backend.js";
import { invalidArgument } from "../errors.js";
import { MAX_KEY_BYTES, MAX_TAG_BYTES } from "../limits.js";
import { Admission } from "./admission.js";
import { copyOptions, DirectWrites } from "./direct-writes.js";
import { type BufferLimits, type Entry, prepareEntries, sizeOf } from "./entry.js";
import { type BufferObserver, type Flushed, Flusher } from "./flusher.js";
import { Intake } from "./intake.js";
import { OverlaidReads } from "./overlaid-reads.js";
import { Overlay } from "./overlay.js";
import { SteadyReads } from "./steady-reads.js";

export interface BufferedNamespaceOptions {
  /** A flush begins once about this much is buffered. Memory in use stays below some two times of it. */
  readonly maxBytes: number;
  /** The backend's own limits, from its capabilities: what it would refuse later is refused at once. */
  readonly maxValueBytes: number;
  readonly maxKeyBytes?: number;
  readonly maxTagBytes?: number;
  /** Now, in ms since the epoch. Default `Date.now`; give the backend the same clock. */
  readonly clock?: () => number;
  /** While it answers true, nothing new is buffered: `buffer` commits. Default never. */
  readonly writesThrough?: () => boolean;
  readonly observer?: BufferObserver;
}

type SignalOption = { readonly signal?: AbortSignal };

export class BufferedNamespace implements StorageNamespace {
  readonly #inner: StorageNamespace;
  readonly #limits: BufferLimits;
  readonly #maxBytes: number;
  readonly #clock: () => number;
  readonly #writesThrough: () => boolean;
  readonly #overlay = new Overlay();
  readonly #reads: OverlaidReads;
  readonly #direct: DirectWrites;
  readonly #admission: Admission;
  readonly #intake: Intake;

  /** Throws NADB_INVALID_ARGUMENT when `maxBytes` is no number above 0. */
  constructor(inner: StorageNamespace, options: BufferedNamespaceOptions) {
    const { maxBytes, observer = {}, clock = Date.now } = options;
    if (!(maxBytes > 0)) throw invalidArgument(`maxBytes ${maxBytes} is not a number above 0`);
    this.#inner = inner;
    this.#limits = {
      maxKeyBytes: options.maxKeyBytes ?? MAX_KEY_BYTES,
      maxTagBytes: options.maxTagBytes ?? MAX_TAG_BYTES,
      maxValueBytes: options.maxValueBytes,
    };
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    this.#writesThrough = options.writesThrough ?? (() => false);
    const steady = new SteadyReads(this.#overlay);
    this.#reads = new OverlaidReads(inner, this.#overlay, steady, clock);
    const flusher = new Flusher(inner, this.#overlay, steady, observer);
    this.#admission = new Admission(this.#overlay, flusher, maxBytes);
    this.#direct = new DirectWrites(this.#overlay, flusher, this.#admission);
    this.#intake = new Intake(inner, this.#overlay, observer);
  }

  get id(): NamespaceId {
    return this.#inner.id;
  }

  /** What is buffered, a flush under way included; a key written again during that flush counts twice. */
  get pending(): Flushed {
    return { records: this.#overlay.records, bytes: this.#overlay.bytes };
  }

  /**
   * Resolves as soon as the mutations are in memory, to be committed together by a later flush. Answers for each
   * whether it changed something: a put does, a delete when there was a record. More at once than the buffer holds
   * is committed. A full buffer waits for its flush; fails that, the call is refused with its error.
   */
  buffer(mutations: readonly Mutation[], options: SignalOption = {}): Promise<readonly boolean[]> {
    try {
      options.signal?.throwIfAborted();
      if (this.#writesThrough()) return this.#commitInstead(mutations, options);
      const entries = prepareEntries(mutations, this.#limits, this.#clock());
      if (sizeOf(entries) > this.#maxBytes) return this.#commitInstead(mutations, options);
      return this.#admission.enter(true, () => this.#take(entries, options.signal));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Resolves once everything buffered before this call is committed; rejects with what the commit threw. */
  flush(): Promise<void> {
    return this.#direct.flush();
  }

  /** Commits what was buffered before it first. */
  async commit(mutations: readonly Mutation[], options: CommitOptions = {}): Promise<Commit> {
    options.signal?.throwIfAborted();
    if (this.#direct.isFree) {
      return this.#direct.inOrder(() => this.#inner.commit(mutations, options));
    }
    const own = prepareEntries(mutations, this.#limits, 0).map((entry) => entry.mutation);
    const ownOptions = copyOptions(options);
    return this.#direct.inOrder(() => this.#inner.commit(own, ownOptions));
  }

  getMany(
    keys: readonly string[],
    options: SignalOption = {},
  ): Promise<(StoredRecord | undefined)[]> {
    return this.#reads.getMany(keys, options);
  }

  keys(query: KeyQuery = {}): Promise<Page<string>> {
    return this.#reads.keys(query);
  }

  query(query: TagQuery): Promise<Page<string>> {
    return this.#reads.query(query);
  }

  tags(options: SignalOption = {}): Promise<ReadonlyMap<string, number>> {
    return this.#reads.tags(options);
  }

  async head(options: SignalOption = {}): Promise<Head> {
    options.signal?.throwIfAborted();
    await this.flush();
    return this.#inner.head(options);
  }

  async *changes(
    since: Checkpoint | null,
    options: ChangesOptions = {},
  ): AsyncGenerator<ChangePage, void, undefined> {
    options.signal?.throwIfAborted();
    await this.flush();
    yield* this.#inner.changes(since, options);
  }

  sweep(now: number, limit: number): Promise<number> {
    return this.#inner.sweep(now, limit);
  }

  async replace(): Promise<StagedLoad> {
    await this.flush();
    return this.#direct.load(await this.#inner.replace());
  }

  async merge(options?: MergeOptions): Promise<StagedLoad> {
    await this.flush();
    return this.#direct.load(await this.#inner.merge(options));
  }

  async trim(through: Checkpoint): Promise<void> {
    await this.flush();
    await this.#inner.trim(through);
  }

  #take(entries: readonly Entry[], signal: AbortSignal | undefined): Promise<readonly boolean[]> {
    if (signal?.aborted) return Promise.reject(signal.reason); // while it waited for room
    const answers = this.#intake.take(entries);
    if (this.#admission.isFull) this.#admission.makeRoom();
    return answers;
  }

  async #commitInstead(
    mutations: readonly Mutation[],
    options: SignalOption,
  ): Promise<readonly boolean[]> {
    const puts = mutations.map((mutation) => mutation.type === "put");
    const { versions } = await this.commit(mutations, options);
    return puts.map((isPut, i) => isPut || versions[i] !== undefined);
  }
}
