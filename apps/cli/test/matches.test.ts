// The law: whatever the limit, pages taken one after another by their cursors are the listing, whole and in order, and
// the count is its length.
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Choice, countMatches, matchingPages } from "../src/matches.js";

const RECORDS = 2_500;
const { signal } = new AbortController();

const keyOf = (i: number): string =>
  `${i % 10 === 0 ? "rare" : "often"}:${String(i).padStart(4, "0")}`;
const tagsOf = (i: number): string[] => [`two${i % 2}`, `three${i % 3}`];
const numbers = Array.from({ length: RECORDS }, (_, i) => i);

let store: KeyValueStore;
beforeAll(async () => {
  store = await KeyValueStore.open({ backend: memoryBackend() });
  await store.setMany(numbers.map((i) => ({ key: keyOf(i), value: "", tags: tagsOf(i) })));
});
afterAll(() => store.close());

const choices: [name: string, choice: Choice, matches: (i: number) => boolean][] = [
  ["everything", { prefix: "" }, () => true],
  ["a prefix", { prefix: "rare" }, (i) => i % 10 === 0],
  ["all of some tags", { prefix: "", tags: { all: ["two1", "three2"] } }, (i) => i % 6 === 5],
  [
    "one of some tags",
    { prefix: "", tags: { any: ["two1", "three0"] } },
    (i) => i % 2 === 1 || i % 3 === 0,
  ],
  [
    "none of some tags",
    { prefix: "", tags: { none: ["two1", "three0"] } },
    (i) => i % 2 === 0 && i % 3 !== 0,
  ],
  [
    "a prefix and a tag",
    { prefix: "rare", tags: { all: ["three1"] } },
    (i) => i % 10 === 0 && i % 3 === 1,
  ],
  [
    "a prefix and tags not to have",
    { prefix: "often", tags: { none: ["two0"] } },
    (i) => i % 2 === 1,
  ],
  ["a prefix without keys", { prefix: "x", tags: { any: ["two0"] } }, () => false],
];

/** Listings of `limit` keys until there is no cursor left. */
async function listInParts(choice: Choice, limit: number): Promise<string[]> {
  const found: string[] = [];
  let from: { readonly cursor?: string } | undefined = {};
  while (from !== undefined) {
    const before: number = found.length;
    let cursor: string | undefined;
    for await (const page of matchingPages(store, choice, { ...from, limit, signal })) {
      found.push(...page.items);
      cursor = page.cursor;
    }
    expect(found.length - before).toBeLessThanOrEqual(limit);
    from = cursor === undefined ? undefined : { cursor };
  }
  return found;
}

describe.each(choices)("%s", (_, choice, matches) => {
  const expected = numbers.filter(matches).map(keyOf).sort();

  it.each([7, 999, 1_000, 1_001, Number.POSITIVE_INFINITY])("in parts of %d", async (limit) => {
    expect(await listInParts(choice, limit)).toEqual(expected);
  });

  it("is counted", async () => {
    expect(await countMatches(store, choice, signal)).toBe(expected.length);
  });
});
