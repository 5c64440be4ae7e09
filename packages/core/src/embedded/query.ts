// Listing keys, tag queries and tag counts. An expired record is in none of them.
import type { EncodedChange, KeyQuery, Page, TagQuery } from "../backend.js";
import { compareUtf8, readU64 } from "../bytes.js";
import { invalidArgument } from "../errors.js";
import { pageLimit, quote } from "../limits.js";
import { decodeRecord } from "../record.js";
import { isExpired, readRecord } from "./apply.js";
import { keyOfTagEntry, rangeBehind, type Space, textOfKey } from "./layout.js";
import type { ReadTransaction } from "./ordered-kv.js";
import { expiredKeys } from "./sweep.js";

/** Cursors are the last key of the page, marked so that a foreign string is refused. */
const CURSOR_MARK = "k:";
const cursorOf = (key: string): string => CURSOR_MARK + key;

function keyOfCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  if (
    typeof cursor === "string" &&
    cursor.length > CURSOR_MARK.length &&
    cursor.startsWith(CURSOR_MARK)
  ) {
    return cursor.slice(CURSOR_MARK.length);
  }
  throw invalidArgument(`${quote(cursor)} is no cursor of this listing`);
}

export function listKeys(
  tx: ReadTransaction,
  space: Space,
  query: KeyQuery,
  now: number,
): Page<string> {
  return takePage(
    liveKeys(tx, space, query.prefix ?? "", keyOfCursor(query.cursor), now),
    pageLimit(query),
  );
}

export function queryTags(
  tx: ReadTransaction,
  space: Space,
  query: TagQuery,
  now: number,
): Page<string> {
  const after = keyOfCursor(query.cursor);
  const all = bySize(tx, space, query.all ?? []);
  const any = query.any;
  const none = query.none ?? [];
  const has = (tag: string, key: string): boolean => tx.get(space.tag(tag, key)) !== undefined;
  const matches = (key: string): boolean =>
    all.every((tag) => has(tag, key)) &&
    (any === undefined || any.some((tag) => has(tag, key))) &&
    !none.some((tag) => has(tag, key));
  return takePage(filter(candidates(tx, space, all, any, after, now), matches), pageLimit(query));
}

/** The shortest listing that contains every match. */
function candidates(
  tx: ReadTransaction,
  space: Space,
  all: readonly string[],
  any: readonly string[] | undefined,
  after: string | undefined,
  now: number,
): Iterable<string> {
  const smallest = all[0];
  if (smallest !== undefined) return keysWithTag(tx, space, smallest, after, now);
  if (any !== undefined) return union(any.map((tag) => keysWithTag(tx, space, tag, after, now)));
  return liveKeys(tx, space, "", after, now);
}

const bySize = (tx: ReadTransaction, space: Space, tags: readonly string[]): string[] => {
  const size = new Map(tags.map((tag) => [tag, storedCount(tx, space, tag)]));
  return [...size.keys()].sort((a, b) => (size.get(a) as number) - (size.get(b) as number));
};

function storedCount(tx: ReadTransaction, space: Space, tag: string): number {
  const bytes = tx.get(space.tagCount(tag));
  return bytes === undefined ? 0 : readU64(bytes, 0);
}

/** Values are only looked at while something that has expired awaits its sweep. */
function* liveKeys(
  tx: ReadTransaction,
  space: Space,
  prefix: string,
  after: string | undefined,
  now: number,
): Generator<string> {
  const all = space.records(prefix);
  const range = after === undefined ? all : rangeBehind(all, space.live(after));
  const someExpired = expiredKeys(tx, space, now, 1).length > 0;
  for (const bytes of tx.keys(range)) {
    const key = textOfKey(bytes);
    if (someExpired && isExpired(readRecord(tx, space, key) as EncodedChange, now)) continue;
    yield key;
  }
}

function* keysWithTag(
  tx: ReadTransaction,
  space: Space,
  tag: string,
  after: string | undefined,
  now: number,
): Generator<string> {
  const all = space.tagKeys(tag);
  const range = after === undefined ? all : rangeBehind(all, space.tag(tag, after));
  for (const { key, value } of tx.range(range)) {
    const expiresAt = readU64(value, 0);
    if (expiresAt === 0 || expiresAt > now) yield keyOfTagEntry(key, all);
  }
}

/** Merges sorted listings, each key once. */
function* union(listings: readonly Iterable<string>[]): Generator<string> {
  const iterators = listings.map((listing) => listing[Symbol.iterator]());
  try {
    const heads = iterators.map((iterator) => iterator.next());
    for (;;) {
      const open = heads.flatMap((head) => (head.done ? [] : [head.value]));
      if (open.length === 0) return;
      const least = open.reduce((a, b) => (compareUtf8(a, b) <= 0 ? a : b));
      yield least;
      iterators.forEach((iterator, i) => {
        const head = heads[i];
        if (head !== undefined && !head.done && head.value === least) heads[i] = iterator.next();
      });
    }
  } finally {
    for (const iterator of iterators) iterator.return?.();
  }
}

function* filter(keys: Iterable<string>, matches: (key: string) => boolean): Generator<string> {
  for (const key of keys) if (matches(key)) yield key;
}

function takePage(keys: Iterable<string>, limit: number): Page<string> {
  const items: string[] = [];
  for (const key of keys) {
    if (items.length === limit) return { items, cursor: cursorOf(items[limit - 1] as string) };
    items.push(key);
  }
  return { items };
}

/** Records per tag: the stored counts less what has expired and awaits its sweep. */
export function countTags(tx: ReadTransaction, space: Space, now: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key, value } of tx.range(space.tagCounts()))
    counts.set(textOfKey(key), readU64(value, 0));
  for (const key of expiredKeys(tx, space, now, Number.POSITIVE_INFINITY)) {
    for (const tag of decodeRecord(readRecord(tx, space, key) as EncodedChange).tags) {
      const count = (counts.get(tag) ?? 0) - 1;
      if (count > 0) counts.set(tag, count);
      else counts.delete(tag);
    }
  }
  return counts;
}
