// What a store must hold, kept in a Map by the plainest code that can be written, restores included.
import { everyPage, type KeyValueStore } from "@nadb/core";
import type { RestoreOptions } from "../../src/index.js";

export interface Content {
  readonly text: string;
  readonly tags: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number | undefined;
}

export class Oracle {
  #records: Map<string, Content>;
  /** Where transactions look for what was there before them. */
  #before: ReadonlyMap<string, Content> | undefined;

  constructor(records: ReadonlyMap<string, Content> = new Map()) {
    this.#records = new Map(records);
  }

  set(
    key: string,
    text: string,
    options: { readonly tags: readonly string[]; readonly expiresAt?: number },
    now: number,
  ): void {
    const before = (this.#before ?? this.#records).get(key);
    const createdAt = isReadable(before, now) ? before.createdAt : now;
    const { tags, expiresAt } = options;
    this.#records.set(key, { text, tags, createdAt, updatedAt: now, expiresAt });
  }

  delete(key: string): void {
    this.#records.delete(key);
  }

  /** Of several writes of one key only the last counts. */
  together(body: () => void): void {
    this.#before = new Map(this.#records);
    body();
    this.#before = undefined;
  }

  clear(): void {
    this.#records.clear();
  }

  readable(now: number): Map<string, Content> {
    return new Map([...this.#records].filter(([, record]) => isReadable(record, now)));
  }

  /** @param cut when the backup was taken. */
  restore(
    backup: ReadonlyMap<string, Content>,
    cut: number,
    options: RestoreOptions,
    now: number,
  ): { recordCount: number; skipped: number } {
    const before = this.readable(now);
    if (options.clearExisting) this.clear();
    let [recordCount, skipped] = [0, 0];
    for (const [key, record] of backup) {
      const restored = isSelected(key, record, options)
        ? aged(record, cut, options, now)
        : undefined;
      if (restored === undefined) continue;
      if (keeps(before.get(key), record, options)) skipped++;
      else {
        recordCount++;
        this.#records.set(key, restored);
      }
    }
    return { recordCount, skipped };
  }
}

const isReadable = (record: Content | undefined, now: number): record is Content =>
  record !== undefined && (record.expiresAt === undefined || record.expiresAt > now);

function isSelected(key: string, { tags }: Content, options: RestoreOptions): boolean {
  const { prefixes = [], keys = [], tags: wanted = [] } = options;
  if (prefixes.length + keys.length > 0) {
    if (!keys.includes(key) && !prefixes.some((prefix) => key.startsWith(prefix))) return false;
  }
  return wanted.length === 0 || tags.some((tag) => wanted.includes(tag));
}

/** As its expiry is after the restore; undefined when it is over. */
function aged(
  record: Content,
  cut: number,
  { ttl = "keep" }: RestoreOptions,
  now: number,
): Content | undefined {
  if (record.expiresAt === undefined) return record;
  if (ttl === "keep") return isReadable(record, now) ? record : undefined;
  return { ...record, expiresAt: ttl === "strip" ? undefined : now + record.expiresAt - cut };
}

function keeps(
  there: Content | undefined,
  record: Content,
  { onConflict = "overwrite" }: RestoreOptions,
): boolean {
  if (there === undefined || onConflict === "overwrite") return false;
  return onConflict === "keep-existing" || there.updatedAt >= record.updatedAt;
}

/** What the store shows, in the oracle's words. */
export async function contentOf(store: KeyValueStore): Promise<Map<string, Content>> {
  const content = new Map<string, Content>();
  for await (const key of everyPage((from) => store.keys(from))) {
    const found = await store.getWithMetadata(key);
    if (found === undefined) continue;
    const { tags, createdAt, updatedAt, expiresAt } = found;
    const text = new TextDecoder().decode(found.value);
    content.set(key, { text, tags, createdAt, updatedAt, expiresAt });
  }
  return content;
}
