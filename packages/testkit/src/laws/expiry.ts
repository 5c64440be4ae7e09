import assert from "node:assert/strict";
import type { StorageNamespace } from "@nadb/core";
import { contentOf, refuses } from "../assertions.js";
import { put, puts, remove, text } from "../generate.js";
import type { Law } from "../law.js";
import { assertEndsTrue, get, mustGet, readKeys, readRun } from "../runs.js";

export const expiry: Law = {
  name: "expiry",
  cases: {
    "is exact to the millisecond, in every read": async ({ namespace, clock }) => {
      const expiresAt = clock.now() + 1_000;
      await namespace.commit([put("a", "1", { tags: ["t"], expiresAt })]);
      clock.set(expiresAt - 1);
      assert.deepEqual(await reads(namespace), { get: "a", keys: ["a"], query: ["a"], tags: 1 });
      clock.set(expiresAt);
      assert.deepEqual(await reads(namespace), { get: undefined, keys: [], query: [], tags: 0 });
    },

    "hides the expired among the living, page by page": async (bench) => {
      const expiresAt = bench.clock.now() + 10;
      const living = puts(12, "b").map((one) => ({ ...one, tags: ["t"] }));
      const dying = ["a", "b00005", "c"].flatMap((prefix) => puts(9, prefix));
      await bench.write([...living, ...dying.map((one) => ({ ...one, tags: ["t"], expiresAt }))]);
      bench.clock.advance(10);
      const expected = living.map((one) => one.key);
      assert.deepEqual(await readKeys(bench.namespace), expected);
      for (const limit of [1, 2, 12]) {
        const page = await bench.namespace.keys({ limit });
        assert.deepEqual(page.items, expected.slice(0, limit));
        const tagged = await bench.namespace.query({ all: ["t"], limit });
        assert.deepEqual(tagged.items, expected.slice(0, limit));
      }
    },

    "leaves head and feed as they are until the sweep": async ({ namespace, clock }) => {
      await namespace.commit([put("a", "123", { expiresAt: clock.now() + 5 })]);
      const before = await namespace.head();
      clock.advance(10);
      assert.deepEqual(await namespace.head(), before);
      assertEndsTrue(await readRun(namespace, null));
    },

    "never shows a record that was expired when it came": async ({ namespace, clock }) => {
      await namespace.commit([put("a", "1", { tags: ["t"], expiresAt: clock.now() })]);
      await namespace.commit([put("b", "1", { tags: ["t"], expiresAt: clock.now() - 5 })]);
      assert.deepEqual(await reads(namespace), { get: undefined, keys: [], query: [], tags: 0 });
    },

    "ends when the record is overwritten without it": async ({ namespace, clock }) => {
      const expiresAt = clock.now() + 10;
      await namespace.commit([put("a", "1", { expiresAt })]);
      await namespace.commit([put("a", "2")]);
      await namespace.commit([put("b", "1", { expiresAt })]);
      await namespace.commit([put("b", "2", { expiresAt: expiresAt + 10 })]);
      clock.set(expiresAt);
      assert.equal(await namespace.sweep(clock.now(), 100), 0);
      assert.deepEqual(await readKeys(namespace), ["a", "b"]);
      clock.set(expiresAt + 10);
      assert.deepEqual(await readKeys(namespace), ["a"]);
    },

    "makes way for a new record: set again it has new times": async ({ namespace, clock }) => {
      const first = await namespace.commit([
        put("a", "1", { tags: ["t"], expiresAt: clock.now() + 5 }),
      ]);
      clock.advance(5);
      const second = await namespace.commit([put("a", "2")]);
      assert.ok((second.versions[0] as number) > (first.versions[0] as number));
      const times = { createdAt: clock.now(), updatedAt: clock.now() };
      const expected = { key: "a", value: text("2"), tags: [], ...times };
      assert.deepEqual(contentOf(await mustGet(namespace, "a")), expected);
    },

    "makes a key absent to expectations": async ({ namespace, clock }) => {
      const expiring = put("a", "1", { expiresAt: clock.now() + 5 });
      const { versions } = await namespace.commit([expiring]);
      clock.advance(5);
      const version = versions[0] as number;
      await refuses("NADB_CONFLICT", () =>
        namespace.commit([put("a")], { expect: [{ key: "a", version }] }),
      );
      await namespace.commit([put("a", "2")], { expect: [{ key: "a", version: null }] });
      assert.deepEqual((await mustGet(namespace, "a")).value, text("2"));
    },

    "lets an expired key be deleted": async ({ namespace, clock }) => {
      const { checkpoint } = await namespace.commit([
        put("a", "1", { expiresAt: clock.now() + 5 }),
      ]);
      clock.advance(5);
      await namespace.commit([remove("a")]);
      await namespace.sweep(clock.now(), 10);
      const { changes, end } = await readRun(namespace, checkpoint);
      assert.deepEqual([changes.map((change) => change.type), end.count], [["tombstone"], 0]);
    },
  },
};

interface Reads {
  readonly get: string | undefined;
  readonly keys: readonly string[];
  readonly query: readonly string[];
  readonly tags: number;
}

/** What each read says of a namespace that holds at most key "a", tag "t". */
const reads = async (namespace: StorageNamespace): Promise<Reads> => ({
  get: (await get(namespace, "a"))?.key,
  keys: (await namespace.keys()).items,
  query: (await namespace.query({ any: ["t"] })).items,
  tags: (await namespace.tags()).get("t") ?? 0,
});
