// Listings of keys in UTF-8 byte order, page by page. An expired record is in none of them.
import type { EncodedChange, KeyQuery, Page } from "../backend.js";
import { invalidArgument } from "../errors.js";
import { pageLimit, quote } from "../limits.js";
import { isExpired, readRecord } from "./apply.js";
import { rangeBehind, type Space, textOfKey } from "./layout.js";
import type { ReadTransaction } from "./ordered-kv.js";
import { expiredKeys } from "./sweep.js";

/** Cursors are the last key of the page, marked so that a foreign string is refused. */
const CURSOR_MARK = "k:";
export const cursorOf = (key: string): string => CURSOR_MARK + key;

export function keyOfCursor(cursor: string | undefined): string | undefined {
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
  const limit = pageLimit(query);
  const items: string[] = [];
  for (const key of liveKeys(tx, space, query.prefix ?? "", keyOfCursor(query.cursor), now)) {
    if (items.length === limit) return { items, cursor: cursorOf(items[limit - 1] as string) };
    items.push(key);
  }
  return { items };
}

/** Keys behind `after`. Values are only looked at while something that has expired awaits its sweep. */
export function* liveKeys(
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
