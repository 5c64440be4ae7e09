// Value compression as a decorator of any namespace. Values are sealed on their way in and opened on their way out,
// so head, digest, changes and with them backups go by the values that callers see. INVARIANT: commits reach the
// namespace below in the order in which they were made, and what the caller does to its objects after the call
// changes nothing.
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
import { checkMutations } from "../limits.js";
import { isSealed } from "../record.js";
import { CompressedLoad } from "./compressed-load.js";
import { openPage, openRecord } from "./opener.js";
import { mapReady, Turns } from "./ready.js";
import { refuseSealed, Sealer } from "./sealer.js";

const DEFAULT_MIN_BYTES = 1_024;
const DEFAULT_MAX_RATIO = 0.9;

export interface CompressionOptions {
  /** Shorter values stay as they are. Default 1,024; `Infinity`: compress nothing, read what is compressed. */
  readonly minBytes?: number;
  /**
   * A value is kept compressed when that takes at most this share of its length, the 41 bytes that go with it
   * counted. Default 0.9.
   */
  readonly maxRatio?: number;
}

type SignalOption = { readonly signal?: AbortSignal };

/**
 * The namespace with its values compressed where they are long enough and it pays; everything else is as it was, and
 * what was written before, compressed or not, stays readable. Backups are of this namespace, never of the one below.
 * Values from 256 KiB on are compressed on another thread, where the platform has one. A value that can not be
 * unpacked is NADB_CORRUPTION naming its key.
 */
export function compressValues(
  namespace: StorageNamespace,
  options: CompressionOptions = {},
): CompressedNamespace {
  const { minBytes = DEFAULT_MIN_BYTES, maxRatio = DEFAULT_MAX_RATIO } = options;
  if (!(minBytes >= 0)) throw invalidArgument(`minBytes ${String(minBytes)} is below 0`);
  if (!(maxRatio > 0)) throw invalidArgument(`maxRatio ${String(maxRatio)} is not above 0`);
  return new CompressedNamespace(namespace, new Sealer(minBytes, maxRatio));
}

export class CompressedNamespace implements StorageNamespace {
  readonly #turns = new Turns();

  constructor(
    readonly inner: StorageNamespace,
    readonly sealer: Sealer,
  ) {}

  /** Resolves once every commit made so far has reached the namespace below, so that its backend can be closed. */
  settled(): Promise<void> {
    return this.#turns.started();
  }

  get id(): NamespaceId {
    return this.inner.id;
  }

  head(options?: SignalOption): Promise<Head> {
    return this.inner.head(options);
  }

  async getMany(
    keys: readonly string[],
    options?: SignalOption,
  ): Promise<(StoredRecord | undefined)[]> {
    const records = await this.inner.getMany(keys, options);
    if (!records.some((record) => record?.seal !== undefined)) return records;
    return Promise.all(records.map((record) => record && openRecord(record)));
  }

  async commit(mutations: readonly Mutation[], options: CommitOptions = {}): Promise<Commit> {
    refuseSealed(mutations);
    if (this.#turns.free && !mutations.some((mutation) => this.#isCandidate(mutation))) {
      return this.inner.commit(mutations, options);
    }
    checkMutations(mutations, Number.POSITIVE_INFINITY);
    const own = copyOf(options);
    const sealed = mapReady(mutations, (mutation) => this.sealer.mutation(mutation));
    return this.#turns.run(sealed, (ready) => this.inner.commit(ready, own));
  }

  async *changes(
    since: Checkpoint | null,
    options: ChangesOptions = {},
  ): AsyncGenerator<ChangePage, void, undefined> {
    for await (const page of this.inner.changes(since, options)) {
      if (page.changes.some(isSealed)) yield* openPage(page, options);
      else yield page;
    }
  }

  keys(query?: KeyQuery): Promise<Page<string>> {
    return this.inner.keys(query);
  }

  query(query: TagQuery): Promise<Page<string>> {
    return this.inner.query(query);
  }

  tags(options?: SignalOption): Promise<ReadonlyMap<string, number>> {
    return this.inner.tags(options);
  }

  sweep(now: number, limit: number): Promise<number> {
    return this.inner.sweep(now, limit);
  }

  async replace(): Promise<StagedLoad> {
    return new CompressedLoad(await this.inner.replace(), this.sealer);
  }

  async merge(options?: MergeOptions): Promise<StagedLoad> {
    return new CompressedLoad(await this.inner.merge(options), this.sealer);
  }

  trim(through: Checkpoint): Promise<void> {
    return this.inner.trim(through);
  }

  #isCandidate(mutation: Mutation): boolean {
    return mutation.type === "put" && this.sealer.isCandidate(mutation.value);
  }
}

/** Field by field: an AbortController fits as options, too, and a spread would lose its signal. */
const copyOf = ({ expect, id, signal }: CommitOptions): CommitOptions => ({
  ...(expect === undefined ? {} : { expect: expect.map((expectation) => ({ ...expectation })) }),
  ...(id === undefined ? {} : { id }),
  ...(signal === undefined ? {} : { signal }),
});
