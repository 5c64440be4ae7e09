// Steps that read: one record in every way, listings page by page, tag queries with totals, the feed, the head.
import assert from "node:assert/strict";
import type { KeyQuery, TagQuery } from "@nadb/core";
import fc from "fast-check";
import { countTags, sortedByTag } from "../check.js";
import { readPages } from "../runs.js";
import { KEYS, key, limit, TAGS } from "./draws.js";
import { steps } from "./step.js";

const nothing = fc.constant(undefined);

export const read = steps("read", fc.record({ key, other: key }), async (world, drawn) => {
  const { store } = world;
  const expected = world.get(drawn.key)?.value;
  assert.equal(await store.has(drawn.key), expected !== undefined, "has");
  assert.deepEqual(plain(await store.get(drawn.key)), expected, "get");
  assert.deepEqual(plain((await store.getWithMetadata(drawn.key))?.value), expected);
  const found = await store.getMany([drawn.key, drawn.other]);
  for (const one of [drawn.key, drawn.other]) {
    assert.deepEqual(plain(found.get(one)), world.get(one)?.value, "getMany");
  }
});

/** An engine may hand out a Buffer. */
const plain = (value: Uint8Array | undefined) => value && new Uint8Array(value);

const tag = fc.constantFrom(...TAGS);
const someTags = fc.array(tag, { maxLength: 2 });
const tagQuery: fc.Arbitrary<TagQuery> = fc.record(
  { all: someTags, any: someTags, none: someTags, total: fc.boolean(), limit },
  { requiredKeys: ["limit"] },
);

export const queryByTags = steps("queryByTags", tagQuery, async ({ store, oracle, now }, query) => {
  await oracle.assertAnswers({ query: (page) => store.queryByTags(page) }, query, now);
});

export const listTags = steps("listTags", nothing, async ({ store, oracle, now }) => {
  const expected = countTags(oracle.readable(now));
  assert.deepEqual(sortedByTag(await store.listTags()), sortedByTag(expected), "listTags");
});

const keyQuery = fc.record({ prefix: fc.constantFrom("", "a", "key:", "\u{1f600}"), limit });

export const listKeys = steps("keys", keyQuery, async ({ store, oracle, now }, query) => {
  const keys = await readPages((page: KeyQuery) => store.keys(page), query);
  const all = oracle.readable(now).map(({ key }) => key);
  assert.deepEqual(
    keys,
    all.filter((one) => one.startsWith(query.prefix)),
    "keys",
  );
});

/** What expired a while ago may still be counted. */
export const stats = steps("stats", nothing, async ({ store, oracle, now }) => {
  const readable = oracle.readable(now);
  const { count, tags } = await store.stats();
  assert.ok(readable.length <= count && count <= KEYS.length, `a count of ${count}`);
  assert.equal(tags, countTags(readable).size, "the number of tags");
});

export const follow = steps("follow", nothing, (world) => world.follow());

export const checkHead = steps("checkHead", nothing, (world) => world.checkHead());
