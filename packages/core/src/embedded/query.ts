// Tag queries and tag counts. A query walks the shortest listing that holds every match (the smallest tag of `all`,
// the tags of `any` together, all keys for neither) and looks the other tags up for each key: its cost follows the
// result and the smallest tag, not the store.
import type { EncodedChange, Page, TagQuery } from "../backend.js";
import { compareUtf8, readU64 } from "../bytes.js";
import { pageLimit } from "../limits.js";
import { decodeRecord } from "../record.js";
import { readRecord } from "./apply.js";
import { keyOfTagEntry, rangeBehind, type Space, textOfKey } from "./layout.js";
import { cursorOf, keyOfCursor, liveKeys } from "./listing.js";
import type { ReadTransaction } from "./ordered-kv.js";
import { expiredKeys } from "./sweep.js";

/** What a query reads: one view, at one time. */
export interface QueryView {
  readonly tx: ReadTransaction;
  readonly space: Space;
  /** Records held, as in the namespace's head. */
  readonly count: number;
  readonly now: number;
}

/** The shortest listing that holds every match, and what is left to ask of each of its keys. */
interface Plan {
  keys(after: string | undefined): Iterable<string>;
  matches(key: string): boolean;
}

/** One page of a query, worked out in steps, so that a long walk need not hold up everybody else. */
export class TagQueryPage {
  readonly #plan: Plan;
  readonly #keys: Iterator<string>;
  readonly #limit: number;
  readonly #after: string | undefined;
  readonly #items: string[] = [];
  #hasMore = false;
  readonly #countsMatches: boolean;
  #total: number | undefined;

  constructor(view: QueryView, query: TagQuery) {
    this.#limit = pageLimit(query);
    this.#after = keyOfCursor(query.cursor);
    this.#plan = plan(view, query);
    if (query.total === true) this.#total = knownTotal(view, query);
    this.#countsMatches = query.total === true && this.#total === undefined;
    if (this.#countsMatches) this.#total = 0;
    const start = this.#countsMatches ? undefined : this.#after;
    this.#keys = this.#plan.keys(start)[Symbol.iterator]();
  }

  /** Looks at up to `steps` keys; answers the page once it is complete. */
  advance(steps: number): Page<string> | undefined {
    for (let left = steps; left > 0; left--) {
      const next = this.#keys.next();
      if (next.done) return this.#page();
      if (this.#plan.matches(next.value)) this.#meet(next.value);
      if (this.#hasMore && !this.#countsMatches) return this.#page();
    }
    return undefined;
  }

  /** Ends the walk; idempotent. */
  close(): void {
    this.#keys.return?.();
  }

  #meet(key: string): void {
    if (this.#countsMatches) this.#total = (this.#total as number) + 1;
    if (this.#after !== undefined && compareUtf8(key, this.#after) <= 0) return;
    if (this.#items.length < this.#limit) this.#items.push(key);
    else this.#hasMore = true;
  }

  #page(): Page<string> {
    return {
      items: this.#items,
      ...(this.#hasMore ? { cursor: cursorOf(this.#items.at(-1) as string) } : {}),
      ...(this.#total === undefined ? {} : { total: this.#total }),
    };
  }
}

function plan(view: QueryView, { all = [], any, none = [] }: TagQuery): Plan {
  const { tx, space } = view;
  const has = (tag: string, key: string): boolean => tx.get(space.tag(tag, key)) !== undefined;
  const sizes = new Map([...all, ...(any ?? [])].map((tag) => [tag, storedCount(view, tag)]));
  const size = (tag: string): number => sizes.get(tag) as number;
  const [smallest, ...others] = [...new Set(all)].sort((a, b) => size(a) - size(b));
  const either = any && [...new Set(any)].filter((tag) => size(tag) > 0);
  const fitsRest = (key: string): boolean =>
    others.every((tag) => has(tag, key)) && !none.some((tag) => has(tag, key));
  const fitsAny = (key: string): boolean => either?.some((tag) => has(tag, key)) ?? true;

  if (either !== undefined && (smallest === undefined || sum(either, size) < size(smallest))) {
    const keys = (after: string | undefined) =>
      union(either.map((tag) => keysWithTag(view, tag, after)));
    const fitsAll = (key: string): boolean => smallest === undefined || has(smallest, key);
    return { keys, matches: (key) => fitsAll(key) && fitsRest(key) };
  }
  if (smallest !== undefined) {
    const matches = (key: string): boolean => fitsRest(key) && fitsAny(key);
    return { keys: (after) => keysWithTag(view, smallest, after), matches };
  }
  return { keys: (after) => liveKeys(tx, space, "", after, view.now), matches: fitsRest };
}

const sum = (tags: readonly string[], size: (tag: string) => number): number =>
  tags.reduce((total, tag) => total + size(tag), 0);

/** The total of a query that the counts answer alone: one tag, or none at all. */
function knownTotal(view: QueryView, { all = [], any, none = [] }: TagQuery): number | undefined {
  const given = any === undefined ? all : all.length === 0 && any.length > 0 ? any : undefined;
  const [tag, second] = new Set(given);
  if (given === undefined || second !== undefined || none.length > 0) return undefined;
  const { tx, space, now } = view;
  const expired = expiredKeys(tx, space, now, Number.POSITIVE_INFINITY);
  if (tag === undefined) return view.count - expired.length;
  const carry = expired.filter((key) => tx.get(space.tag(tag, key)) !== undefined);
  return storedCount(view, tag) - carry.length;
}

/** What has expired and awaits its sweep included. */
function storedCount({ tx, space }: QueryView, tag: string): number {
  const bytes = tx.get(space.tagCount(tag));
  return bytes === undefined ? 0 : readU64(bytes, 0);
}

function* keysWithTag(
  { tx, space, now }: QueryView,
  tag: string,
  after: string | undefined,
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
