// The reads of a buffered namespace: each asks the namespace below and lays the buffer over its answer. Nothing is
// flushed for a read. What it costs beside follows the size of the buffer, never that of the store.
import type { KeyQuery, Page, StorageNamespace, StoredRecord, TagQuery } from "../backend.js";
import { checkTagQuery, pageLimit } from "../limits.js";
import { type Entry, isReadable } from "./entry.js";
import { keysBehind, type Listing, mergedPage } from "./merged-listing.js";
import { oneView } from "./one-view.js";
import type { Overlay } from "./overlay.js";
import type { SteadyReads } from "./steady-reads.js";

type SignalOption = { readonly signal?: AbortSignal };

export class OverlaidReads {
  constructor(
    readonly namespace: StorageNamespace,
    readonly overlay: Overlay,
    readonly steady: SteadyReads,
    readonly clock: () => number,
  ) {}

  async getMany(
    keys: readonly string[],
    options: SignalOption,
  ): Promise<(StoredRecord | undefined)[]> {
    if (this.overlay.isEmpty) return this.namespace.getMany(keys, options);
    const asked = [...keys];
    return this.steady.read(
      () => this.namespace.getMany(asked, options),
      (stored) => {
        const now = this.clock();
        return asked.map((key, i) => this.overlay.record(key, stored[i], now));
      },
    );
  }

  async keys(query: KeyQuery): Promise<Page<string>> {
    const { cursor, ...asked } = query;
    const limit = pageLimit(asked);
    return this.#list({
      page: (from) => this.namespace.keys({ ...asked, ...from }),
      buffered: () => keysBehind(this.overlay.sortedKeys(), undefined, asked.prefix),
      shows: (key) => this.#isShown(key, () => true),
      cursor,
      limit,
    });
  }

  async query(query: TagQuery): Promise<Page<string>> {
    checkTagQuery(query);
    const { cursor, total, ...asked } = copyQuery(query);
    const limit = pageLimit(asked);
    const page = await this.#list({
      page: (from) => this.namespace.query({ ...asked, ...from }),
      buffered: () => this.overlay.sortedKeys(),
      shows: (key) => this.#isShown(key, (entry) => matches(tagsOf(entry), asked)),
      cursor,
      limit,
    });
    return total === true ? { ...page, total: await this.#countMatches(asked) } : page;
  }

  async tags(options: SignalOption): Promise<ReadonlyMap<string, number>> {
    if (this.overlay.isEmpty) return this.namespace.tags(options);
    return this.#corrected(
      () => this.namespace.tags(options),
      (stored, corrections) => {
        const counts = new Map(stored);
        for (const { tags, by } of corrections) for (const tag of tags) addTo(counts, tag, by);
        return counts;
      },
      options,
    );
  }

  async #countMatches(query: TagQuery): Promise<number> {
    const signal = query.signal === undefined ? {} : { signal: query.signal };
    return this.#corrected(
      async () => (await this.namespace.query({ ...query, limit: 1, total: true })).total ?? 0,
      (stored, corrections) =>
        corrections.reduce((sum, { tags, by }) => sum + (matches(tags, query) ? by : 0), stored),
      signal,
    );
  }

  /** A count of the namespace below, less its records that buffered keys hide, and with the buffered ones. */
  #corrected<T>(
    read: () => Promise<T>,
    correct: (stored: T, corrections: readonly Correction[]) => T,
    options: SignalOption,
  ): Promise<T> {
    const { namespace } = this;
    const readBoth = async () => {
      const keys = this.overlay.sortedKeys();
      if (keys.length === 0) return { stored: await read(), keys, records: [] };
      const both = () => Promise.all([read(), namespace.getMany(keys, options)]);
      const [stored, records] = await oneView(namespace, both, options);
      return { stored, keys, records };
    };
    return this.steady.read(readBoth, ({ stored, keys, records }) =>
      correct(stored, this.#corrections(keys, records)),
    );
  }

  #corrections(
    keys: readonly string[],
    records: readonly (StoredRecord | undefined)[],
  ): Correction[] {
    const now = this.clock();
    const corrections: Correction[] = [];
    keys.forEach((key, i) => {
      const [entry, hidden] = [this.overlay.find(key), records[i]];
      if (entry === undefined) return;
      if (hidden !== undefined) corrections.push({ tags: hidden.tags, by: -1 });
      if (isReadable(entry, now)) corrections.push({ tags: tagsOf(entry), by: 1 });
    });
    return corrections;
  }

  #list({ buffered, cursor, limit, ...listing }: Asked): Promise<Page<string>> {
    return this.steady.read(
      () => mergedPage({ ...listing, buffered: buffered() }, cursor, limit),
      (page) => page,
    );
  }

  #isShown(key: string, fits: (entry: Entry) => boolean): boolean | undefined {
    const entry = this.overlay.find(key);
    return entry && isReadable(entry, this.clock()) && fits(entry);
  }
}

/** A page asked for. What is buffered is looked at when its reading begins. */
interface Asked extends Omit<Listing, "buffered"> {
  readonly buffered: () => readonly string[];
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** Records with these tags that there are more, or fewer. */
interface Correction {
  readonly tags: readonly string[];
  readonly by: number;
}

const tagsOf = ({ mutation }: Entry): readonly string[] =>
  mutation.type === "put" ? (mutation.tags ?? []) : [];

function matches(tags: readonly string[], { all = [], any, none = [] }: TagQuery): boolean {
  const has = (tag: string): boolean => tags.includes(tag);
  return all.every(has) && (any === undefined || any.some(has)) && !none.some(has);
}

function addTo(counts: Map<string, number>, tag: string, by: number): void {
  const count = (counts.get(tag) ?? 0) + by;
  if (count === 0) counts.delete(tag);
  else counts.set(tag, count);
}

/** A page takes several reads; what the caller does to its arrays between them changes nothing. */
function copyQuery(query: TagQuery): TagQuery {
  const { all, any, none } = query;
  return {
    ...query,
    ...(all === undefined ? {} : { all: [...all] }),
    ...(any === undefined ? {} : { any: [...any] }),
    ...(none === undefined ? {} : { none: [...none] }),
  };
}
