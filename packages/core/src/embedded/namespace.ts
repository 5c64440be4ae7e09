// A namespace over an OrderedKv: each method checks its input, opens one transaction, and leaves the work to
// the file named for it.
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
import { checkCommitId, checkKey, checkTagQuery, checkTime, pageLimit, quote } from "../limits.js";
import { decodeOwnRecord } from "../record.js";
import { Applier, isExpired, readRecord } from "./apply.js";
import { readChanges } from "./changes.js";
import { checkpointOf, headOf, versionIn } from "./checkpoint.js";
import {
  applyMutations,
  checkExpectations,
  prepareExpectations,
  prepareMutations,
} from "./commit.js";
import { recallCommit, rememberCommit } from "./commit-ids.js";
import { type NamespaceEntry, newEntry, newGeneration } from "./entry.js";
import type { EmbeddedHost } from "./host.js";
import { type Due, isAnythingDue, keepHouse } from "./housekeeping.js";
import { namespaceKey, Space } from "./layout.js";
import { listKeys } from "./listing.js";
import { answerQuery } from "./long-query.js";
import type { ReadTransaction, WriteTransaction } from "./ordered-kv.js";
import { countTags, type QueryView } from "./query.js";
import { newSpace, readEntry, readSpace, writeEntry } from "./root.js";
import { beginLoad, ON_CONFLICT } from "./staging.js";
import { trimThrough } from "./sweep.js";

/** Housekeeping that each commit does on the side: this much, and twice what it brings, so that it keeps up. */
const HOUSEKEEPING_MIN = 8;

type SignalOption = { readonly signal?: AbortSignal };

export class EmbeddedNamespace implements StorageNamespace {
  readonly #key: Uint8Array;
  #space: Space | undefined;
  /** The view read last and this namespace's space in it: reads of one view look it up once. */
  #view: ReadTransaction | undefined;
  #viewSpace: number | undefined;

  constructor(
    readonly id: NamespaceId,
    readonly host: EmbeddedHost,
  ) {
    this.#key = namespaceKey(id);
  }

  async head(options: SignalOption = {}): Promise<Head> {
    return this.#read((tx) => headOf(readEntry(tx, this.id)), options.signal);
  }

  async getMany(
    keys: readonly string[],
    options: SignalOption = {},
  ): Promise<(StoredRecord | undefined)[]> {
    for (const key of keys) checkKey(key);
    const now = this.host.clock();
    return this.#readSpace(
      (tx, space) => keys.map((key) => readLiveRecord(tx, space, key, now)),
      () => keys.map(() => undefined),
      options.signal,
    );
  }

  async commit(mutations: readonly Mutation[], options: CommitOptions = {}): Promise<Commit> {
    const { expect, id, signal } = options;
    const prepared = prepareMutations(mutations, this.host.capabilities.maxValueBytes);
    const expected = prepareExpectations(expect);
    if (id !== undefined) checkCommitId(id);
    let changed: number | undefined;
    const body = (tx: WriteTransaction, chores: number): Commit => {
      changed = undefined;
      const now = this.host.clock();
      const earlier = id === undefined ? undefined : recallCommit(tx, this.id, id, now);
      if (earlier !== undefined) return earlier;
      const found = readEntry(tx, this.id);
      checkExpectations(tx, found && this.#spaceOf(found.space), expected, now);
      const entry = found ?? this.#newEntry(tx);
      const before = entry.version;
      const applier = new Applier(tx, this.#spaceOf(entry.space), entry);
      const versions = applyMutations(applier, entry, prepared, now);
      if (chores > 0) keepHouse(applier, entry, this.#dueAt(now), chores);
      applier.finish();
      this.host.reigns.begin(tx, entry, before, now);
      if (entry.version !== before) changed = entry.space;
      const commit = { checkpoint: checkpointOf(entry), versions };
      if (id !== undefined) rememberCommit(tx, this.id, id, commit, now);
      writeEntry(tx, this.id, entry);
      return commit;
    };
    const amount = HOUSEKEEPING_MIN + 2 * mutations.length;
    const commit = await this.host.write(body, { signal, chores: { owner: this, amount } });
    if (changed !== undefined) this.host.reigns.hasBegun(changed);
    return commit;
  }

  async *changes(
    since: Checkpoint | null,
    options: ChangesOptions = {},
  ): AsyncGenerator<ChangePage, void, undefined> {
    options.signal?.throwIfAborted();
    const view = this.host.snapshot();
    try {
      const entry = readEntry(view.tx, this.id);
      const space = new Space(entry?.space ?? 0);
      yield* readChanges(view.tx, space, entry, since, options, view.checkOpen);
    } finally {
      view.close();
    }
  }

  async keys(query: KeyQuery = {}): Promise<Page<string>> {
    if (query.prefix !== undefined && query.prefix !== "") checkKey(query.prefix);
    pageLimit(query);
    const now = this.host.clock();
    return this.#readSpace(
      (tx, space) => listKeys(tx, space, query, now),
      (): Page<string> => ({ items: [] }),
      query.signal,
    );
  }

  async query(query: TagQuery): Promise<Page<string>> {
    checkTagQuery(query);
    const now = this.host.clock();
    return answerQuery(this.host, (tx) => this.#viewOf(tx, now), query);
  }

  async tags(options: SignalOption = {}): Promise<ReadonlyMap<string, number>> {
    const now = this.host.clock();
    return this.#readSpace(
      (tx, space) => countTags(tx, space, now),
      () => new Map(),
      options.signal,
    );
  }

  async sweep(now: number, limit: number): Promise<number> {
    checkTime("now", now);
    if (!Number.isInteger(limit) || limit < 1) {
      throw invalidArgument(`limit ${String(limit)} is not a whole number above 0`);
    }
    const due = this.#dueAt(now);
    const isDue = this.host.read((tx) => {
      const space = readSpace(tx, this.#key);
      return space !== undefined && isAnythingDue(tx, this.#spaceOf(space), due);
    });
    if (!isDue) return 0;
    return this.host.write((tx) => {
      const entry = readEntry(tx, this.id);
      if (entry === undefined) return 0;
      const before = entry.version;
      const applier = new Applier(tx, this.#spaceOf(entry.space), entry);
      const swept = keepHouse(applier, entry, due, limit);
      applier.finish();
      this.host.reigns.begin(tx, entry, before, now);
      writeEntry(tx, this.id, entry);
      return swept;
    });
  }

  async replace(): Promise<StagedLoad> {
    return beginLoad({ ...this.host, id: this.id }, "replace");
  }

  async merge(options: MergeOptions = {}): Promise<StagedLoad> {
    const { onConflict = "overwrite" } = options;
    if (!ON_CONFLICT.includes(onConflict)) {
      throw invalidArgument(`onConflict ${quote(onConflict)} is none of ${ON_CONFLICT.join(", ")}`);
    }
    return beginLoad({ ...this.host, id: this.id }, "merge", onConflict);
  }

  async trim(through: Checkpoint): Promise<void> {
    await this.host.write((tx) => {
      const entry = readEntry(tx, this.id);
      const version = versionIn(tx, entry, through);
      if (entry === undefined) return;
      trimThrough(tx, this.#spaceOf(entry.space), entry, version);
      writeEntry(tx, this.id, entry);
    });
  }

  #dueAt(now: number): Due {
    return { now, keepsTombstonesFrom: now - this.host.tombstoneRetentionMs };
  }

  #newEntry(tx: WriteTransaction): NamespaceEntry {
    const { random, reigns } = this.host;
    return newEntry(newSpace(tx), newGeneration(random), 0, reigns.own);
  }

  #viewOf(tx: ReadTransaction, now: number): QueryView | undefined {
    const entry = readEntry(tx, this.id);
    return entry && { tx, space: this.#spaceOf(entry.space), count: entry.count, now };
  }

  #read<T>(body: (tx: ReadTransaction) => T, signal: AbortSignal | undefined): T {
    signal?.throwIfAborted();
    return this.host.read(body);
  }

  /** Reads in the namespace's space; `empty` answers for a namespace that was never written to. */
  #readSpace<T>(
    body: (tx: ReadTransaction, space: Space) => T,
    empty: () => T,
    signal: AbortSignal | undefined,
  ): T {
    return this.#read((tx) => {
      if (tx !== this.#view) {
        this.#viewSpace = readSpace(tx, this.#key);
        this.#view = tx;
      }
      const space = this.#viewSpace;
      return space === undefined ? empty() : body(tx, this.#spaceOf(space));
    }, signal);
  }

  /** Spaces are made once per generation: they carry a scratch buffer. */
  #spaceOf(number: number): Space {
    if (this.#space?.number !== number) this.#space = new Space(number);
    return this.#space;
  }
}

function readLiveRecord(
  tx: ReadTransaction,
  space: Space,
  key: string,
  now: number,
): StoredRecord | undefined {
  const record = readRecord(tx, space, key);
  return record === undefined || isExpired(record, now) ? undefined : decodeOwnRecord(record, key);
}
