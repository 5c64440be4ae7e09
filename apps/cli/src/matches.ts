// The keys that a prefix and tags choose, page by page, so that memory does not grow with the store. The backend knows
// prefixes and tags apart; where both are given, its pages of the tags are filtered.
import type { KeyValueStore, Page, TagQuery } from "@nadb/core";

export interface Choice {
  /** Empty: any. */
  readonly prefix: string;
  /** Absent: any record. */
  readonly tags?: Pick<TagQuery, "all" | "any" | "none">;
}

export interface From {
  readonly cursor?: string;
  /** Keys in all, however many pages that takes. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Keys of one page. */
const PAGE = 1_000;

/** In the order of the keys' UTF-8 bytes. The cursor of the last page leads on where the limit has ended it. */
export async function* matchingPages(
  store: KeyValueStore,
  choice: Choice,
  { limit, ...from }: From,
): AsyncGenerator<Page<string>, void, undefined> {
  let left = limit;
  let next: Omit<From, "limit"> | undefined = from;
  while (next !== undefined && left > 0) {
    const page: Page<string> = await matchingPage(store, choice, {
      ...next,
      limit: Math.min(left, PAGE),
    });
    yield page;
    left -= page.items.length;
    next = page.cursor === undefined ? undefined : { ...from, cursor: page.cursor };
  }
}

/** For one tag, or for everything, a look-up; else a walk over the matches. */
export async function countMatches(
  store: KeyValueStore,
  choice: Choice,
  signal: AbortSignal,
): Promise<number> {
  if (choice.prefix === "") {
    const { total } = await store.queryByTags({ ...choice.tags, total: true, limit: 1, signal });
    if (total !== undefined) return total;
  }
  let count = 0;
  const limit = Number.POSITIVE_INFINITY;
  for await (const page of matchingPages(store, choice, { limit, signal }))
    count += page.items.length;
  return count;
}

async function matchingPage(
  store: KeyValueStore,
  { prefix, tags }: Choice,
  from: From,
): Promise<Page<string>> {
  if (tags === undefined) return store.keys({ prefix, ...from });
  if (prefix === "") return store.queryByTags({ ...tags, ...from });
  return filteredPage(store, { prefix, tags }, from, PAGE);
}

/** A page of `size` keys with the tags, less those without the prefix; a smaller one where it holds too many. */
async function filteredPage(
  store: KeyValueStore,
  choice: Choice,
  from: From,
  size: number,
): Promise<Page<string>> {
  const page = await store.queryByTags({ ...choice.tags, ...from, limit: size });
  const items = page.items.filter((key) => key.startsWith(choice.prefix));
  const tooMany = items[from.limit];
  if (tooMany === undefined) return { ...page, items };
  return filteredPage(store, choice, from, page.items.indexOf(tooMany));
}
