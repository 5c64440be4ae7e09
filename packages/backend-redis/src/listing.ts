// Listings in the byte order of keys. Each script looks at a bounded number of keys of one partition; what all partitions
// have found is merged here. A query for any of several tags is one for each of them that leaves out what an earlier one
// has found, so nothing comes twice. What several scripts have found is of one instant if they saw the same view.
import { compareUtf8, invalidArgument, type Page, quote, type TagQuery } from "@nadb/core";
import { type Argument, word } from "./link.js";
import type { Answer, Partition } from "./partition.js";
import { scripts } from "./scripts.js";

/** Keys that one script looks at. */
const STEP = 1_000;

/** A page that met commits between its scripts is read again, unless so many were run for it: a long walk is as it is. */
const MOST_SCRIPTS = 50;

/** Cursors are the last key of the page, marked so that a foreign string is refused. */
const CURSOR_MARK = "k:";

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

/** Finds up to `most` keys behind `after`, in order. */
export type Source = (after: string | undefined, most: number, views: Views) => Promise<string[]>;

/** What scripts have seen of the heads of partitions. */
class Views {
  readonly #seen = new Map<Partition, string>();
  scripts = 0;
  isTorn = false;

  add(partition: Partition, view: string): void {
    this.scripts++;
    if ((this.#seen.get(partition) ?? view) !== view) this.isTorn = true;
    this.#seen.set(partition, view);
  }
}

export async function mergedPage(
  sources: readonly Source[],
  after: string | undefined,
  limit: number,
): Promise<Page<string>> {
  const found = await atOneView((views) =>
    Promise.all(sources.map((source) => source(after, limit + 1, views))),
  );
  const all = found.length === 1 ? (found[0] as string[]) : found.flat().sort(compareUtf8);
  if (all.length <= limit) return { items: all };
  const items = all.slice(0, limit);
  return { items, cursor: CURSOR_MARK + (items.at(-1) as string) };
}

async function atOneView<T>(read: (views: Views) => Promise<T>): Promise<T> {
  for (let scripts = 0; ; ) {
    const views = new Views();
    const result = await read(views);
    scripts += views.scripts;
    if (!views.isTorn || scripts > MOST_SCRIPTS) return result;
  }
}

/** Keys with this prefix. */
export const keysOf =
  (partition: Partition, prefix: string, now: number): Source =>
  (after, most, views) =>
    gather(most, behind(after) ?? from(prefix), async (start, left) => {
      const args = [now, start, endOf(prefix), Math.min(STEP, left)];
      return seen(views, partition, await partition.read(scripts.list, args));
    });

/** Keys of the records that have all of some tags, and none of others. */
export const matchesOf =
  (partition: Partition, { all, none }: TagLists, now: number): Source =>
  (after, most, views) =>
    gather(most, behind(after) ?? "-", async (start, left) => {
      const args = [now, start, left, STEP, ...counted(all), ...counted(none)];
      return seen(views, partition, await partition.read(scripts.query, args));
    });

function seen(views: Views, to: Partition, answer: Answer | undefined): Answer | undefined {
  views.add(to, word(answer?.[3]));
  return answer;
}

export interface TagLists {
  readonly all: readonly string[];
  readonly none: readonly string[];
}

/** Queries that together find what this one asks for, each key once. */
export function disjoint({ all = [], any, none = [] }: TagQuery): TagLists[] {
  if (any === undefined) return [{ all, none }];
  const tags = [...new Set(any)];
  return tags.map((tag, index) => ({
    all: [...all, tag],
    none: [...none, ...tags.slice(0, index)],
  }));
}

/** Undefined: it has to be counted by a walk. */
export async function knownCount(
  partition: Partition,
  { all, none }: TagLists,
  now: number,
): Promise<number | undefined> {
  const [tag, second] = new Set(all);
  if (tag === undefined || second !== undefined || none.length > 0) return undefined;
  const answer = await partition.read(scripts.count, [now, tag]);
  if (answer === undefined) return 0;
  return word(answer[0]) === "ok" ? Number(answer[1]) : undefined;
}

export async function countAll(source: Source): Promise<number> {
  let count = 0;
  for (let after: string | undefined; ; ) {
    const keys = await source(after, STEP, new Views());
    count += keys.length;
    if (keys.length < STEP) return count;
    after = keys.at(-1);
  }
}

const counted = (tags: readonly string[]): Argument[] => [tags.length, ...tags];

const behind = (after: string | undefined): Argument | undefined =>
  after === undefined ? undefined : `(${after}`;
const from = (prefix: string): Argument => (prefix === "" ? "-" : `[${prefix}`);

/** Behind all that begins with the prefix: no byte of UTF-8 is 0xff. */
const endOf = (prefix: string): Argument =>
  prefix === "" ? "+" : Buffer.concat([Buffer.from(`(${prefix}`), Buffer.of(0xff)]);

/** Calls a script until it has found enough, or has come to the end. */
async function gather(
  most: number,
  start: Argument,
  step: (start: Argument, left: number) => Promise<Answer | undefined>,
): Promise<string[]> {
  const keys: string[] = [];
  for (let at = start; keys.length < most; ) {
    const answer = await step(at, most - keys.length);
    if (answer === undefined) return keys;
    const [, isEnd, last, , ...some] = answer;
    for (const key of some) keys.push(String(key));
    if (word(isEnd) === "1") return keys;
    at = Buffer.concat([Buffer.from("("), last as Buffer]);
  }
  return keys;
}
