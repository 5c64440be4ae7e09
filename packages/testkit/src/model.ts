// The oracle: what a namespace must answer, kept in a Map by the plainest code that can be written.
import assert from "node:assert/strict";
import type { Mutation, StorageNamespace, StoredRecord, TagQuery } from "@nadb/core";
import { type Content, contentOf } from "./assertions.js";
import { countTags, isReadable, sortedByTag } from "./check.js";
import { byUtf8, getMany, readKeys, readPages } from "./runs.js";

export class Model {
  readonly #records = new Map<string, Content>();

  /** One commit: of several mutations of a key only the last one counts. */
  apply(mutations: readonly Mutation[], now: number): void {
    const last = new Map(mutations.map((mutation) => [mutation.key, mutation]));
    for (const mutation of last.values()) this.#apply(mutation, now);
  }

  /** Lays records over the content, with the times they bring. */
  load(records: readonly StoredRecord[]): void {
    for (const record of records) this.#records.set(record.key, contentOf(record));
  }

  clear(): void {
    this.#records.clear();
  }

  /** What a read of the key answers at `now`. */
  get(key: string, now: number): Content | undefined {
    const record = this.#records.get(key);
    return record !== undefined && isReadable(record, now) ? record : undefined;
  }

  /** What can be read at `now`, by key. */
  readable(now: number): Content[] {
    const records = [...this.#records.values()].filter((record) => isReadable(record, now));
    return records.sort((a, b) => byUtf8(a.key, b.key));
  }

  /** Fails unless the namespace reads as the model does. */
  async assertHolds(namespace: StorageNamespace, now: number): Promise<void> {
    const expected = this.readable(now);
    const keys = expected.map((record) => record.key);
    assert.deepEqual(await readKeys(namespace), keys);
    const records = await getMany(namespace, keys);
    assert.deepEqual(
      records.map((record) => record && contentOf(record)),
      expected,
    );
    assert.deepEqual(sortedByTag(await namespace.tags()), sortedByTag(countTags(expected)));
  }

  /** Fails unless the namespace answers the query as the model does. */
  async assertAnswers(
    namespace: Pick<StorageNamespace, "query">,
    query: TagQuery,
    now: number,
  ): Promise<void> {
    const expected = this.readable(now).filter((record) => matches(record.tags, query));
    const shown = `query ${JSON.stringify(query)}`;
    const total = query.total === true ? expected.length : undefined;
    const keys = await readPages(async (options: TagQuery) => {
      const page = await namespace.query(options);
      assert.equal(page.total, total, shown);
      return page;
    }, query);
    assert.deepEqual(
      keys,
      expected.map((record) => record.key),
      shown,
    );
  }

  #apply(mutation: Mutation, now: number): void {
    const before = this.#records.get(mutation.key);
    this.#records.delete(mutation.key);
    if (mutation.type === "delete") return;
    const overwritten = before !== undefined && isReadable(before, now);
    const content = {
      key: mutation.key,
      value: mutation.value,
      tags: [...new Set(mutation.tags)].sort(byUtf8),
      createdAt: overwritten ? before.createdAt : now,
      updatedAt: now,
    };
    const { expiresAt } = mutation;
    this.#records.set(mutation.key, expiresAt === undefined ? content : { ...content, expiresAt });
  }
}

function matches(tags: readonly string[], query: TagQuery): boolean {
  const has = (tag: string): boolean => tags.includes(tag);
  if (!(query.all ?? []).every(has)) return false;
  if (query.any !== undefined && !query.any.some(has)) return false;
  return !(query.none ?? []).some(has);
}
