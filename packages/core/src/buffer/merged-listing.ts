// Listings in key order, one page at a time, over what is buffered and what the namespace below lists. INVARIANT:
// each key that stays is listed once, also when a flush moves it from the buffer to below between two pages.
import type { Page } from "../backend.js";
import { compareUtf8 } from "../bytes.js";
import { invalidArgument } from "../errors.js";
import { MAX_PAGE_LIMIT, quote } from "../limits.js";

export interface Listing {
  /** A page of the namespace below. */
  readonly page: (from: {
    readonly cursor?: string;
    readonly limit: number;
  }) => Promise<Page<string>>;
  /** Buffered keys that may belong to the listing, in order. */
  readonly buffered: readonly string[];
  /** The buffer's word on a key; undefined when it has none, and the namespace below counts. */
  readonly shows: (key: string) => boolean | undefined;
}

/** Cursors below are positions nobody here can read. So ours say which key came last, and a position before it. */
interface Position {
  readonly after?: string;
  readonly below?: string;
}

const CURSOR_MARK = "b:";

export async function mergedPage(
  listing: Listing,
  cursor: string | undefined,
  limit: number,
): Promise<Page<string>> {
  const { after, below } = positionOf(cursor);
  const merge = new Merge(listing, after, limit);
  let from = below;
  for (let size = limit; ; size = Math.min(2 * size, MAX_PAGE_LIMIT)) {
    const page = await listing.page({
      limit: size,
      ...(from === undefined ? {} : { cursor: from }),
    });
    if (merge.take(page)) return merge.page(from);
    if (page.cursor === undefined) return { items: merge.items };
    from = page.cursor;
    if (merge.surelyGoesOn()) return merge.page(from);
  }
}

/** The keys of `sorted` behind `after` that begin with `prefix`. */
export function keysBehind(
  sorted: readonly string[],
  after: string | undefined,
  prefix = "",
): readonly string[] {
  const from = firstIndex(sorted, (key) => compareUtf8(key, prefix) >= 0);
  const start =
    after === undefined
      ? from
      : Math.max(
          from,
          firstIndex(sorted, (key) => compareUtf8(key, after) > 0),
        );
  const rest = sorted.slice(start);
  return prefix === ""
    ? rest
    : rest.slice(
        0,
        firstIndex(rest, (key) => !key.startsWith(prefix)),
      );
}

class Merge {
  readonly items: string[] = [];
  readonly #buffered: readonly string[];
  #next = 0;

  constructor(
    readonly listing: Listing,
    readonly after: string | undefined,
    readonly limit: number,
  ) {
    this.#buffered = keysBehind(listing.buffered, after);
  }

  /** Lays the next page of the namespace below in; answers whether a key was met that is too many. */
  take({ items, cursor }: Page<string>): boolean {
    const isLast = cursor === undefined;
    const below = keysBehind(items, this.after);
    for (let i = 0; i < below.length || (isLast && this.#next < this.#buffered.length); ) {
      const order = this.#order(below[i]);
      const key = (order <= 0 ? below[i++] : this.#buffered[this.#next]) as string;
      if (order >= 0) this.#next += 1;
      if (!(this.listing.shows(key) ?? order <= 0)) continue;
      if (this.items.length === this.limit) return true;
      this.items.push(key);
    }
    return false;
  }

  /** Whether the page is full and more is sure to follow, since the namespace below lists more. */
  surelyGoesOn(): boolean {
    if (this.items.length < this.limit) return false;
    const rest = this.#buffered.slice(this.#next);
    return rest.length === 0 || rest.some((key) => this.listing.shows(key));
  }

  /** The full page, with the cursor to what follows. */
  page(below: string | undefined): Page<string> {
    return { items: this.items, cursor: cursorAt(this.items.at(-1) as string, below) };
  }

  /** Below 0 when the key of the namespace below comes first, above 0 when the next buffered one does. */
  #order(below: string | undefined): number {
    const buffered = this.#buffered[this.#next];
    if (below === undefined) return 1;
    return buffered === undefined ? -1 : compareUtf8(below, buffered);
  }
}

const cursorAt = (after: string, below: string | undefined): string =>
  CURSOR_MARK + JSON.stringify(below === undefined ? [after] : [after, below]);

function positionOf(cursor: string | undefined): Position {
  if (cursor === undefined) return {};
  const [after, below, ...rest] = partsOf(cursor);
  if (!isKey(after) || !(below === undefined || isKey(below)) || rest.length > 0) {
    throw invalidArgument(`${quote(cursor)} is no cursor of this listing`);
  }
  return below === undefined ? { after } : { after, below };
}

const isKey = (part: unknown): part is string => typeof part === "string" && part !== "";

function partsOf(cursor: unknown): unknown[] {
  if (typeof cursor !== "string" || !cursor.startsWith(CURSOR_MARK)) return [];
  try {
    const parts: unknown = JSON.parse(cursor.slice(CURSOR_MARK.length));
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

/** The first index whose key `holds`. REQUIRES: from there on all do. */
function firstIndex(sorted: readonly string[], holds: (key: string) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle] as string)) high = middle;
    else low = middle + 1;
  }
  return low;
}
