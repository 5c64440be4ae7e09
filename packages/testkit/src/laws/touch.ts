// Another expiry for a record that stays as it is.
import assert from "node:assert/strict";
import type { KeyValueStore, StoredValue } from "@nadb/core";
import { changesNothing } from "../assertions.js";
import type { Law } from "../law.js";
import { keyOf, readRun } from "../runs.js";
import { openStore } from "../stores.js";

export const touch: Law = {
  name: "touch and persist",
  cases: {
    "move the end of a record, exact to the millisecond": async (bench) => {
      const { clock } = bench;
      const store = await openStore(bench);
      await store.set("a", "value", { ttlSeconds: 0.01, tags: ["t"] });
      await assertThere(store, true);
      assert.equal(await store.touch("a", { ttlSeconds: 0.02 }), true);
      clock.advance(19);
      await assertThere(store, true);
      assert.equal(await store.touch("a", { expiresAt: clock.now() + 2 }), true);
      clock.advance(1);
      await assertThere(store, true);
      clock.advance(1);
      await assertThere(store, false);
    },

    "let a record live on that would have expired, or end one that would not": async (bench) => {
      const store = await openStore(bench);
      await store.set("a", "value", { ttlSeconds: 0.01, tags: ["t"] });
      assert.equal(await store.persist("a"), true);
      bench.clock.advance(1_000_000_000);
      assert.equal(await store.cleanupExpired(), 0);
      await assertThere(store, true);
      assert.equal(await store.touch("a", { ttlSeconds: 0.001 }), true);
      bench.clock.advance(1);
      await assertThere(store, false);
    },

    "leave value, tags and the time of creation": async (bench) => {
      const store = await openStore(bench);
      await store.set("a", "value", { tags: ["x", "y"] });
      const before = (await store.getWithMetadata("a")) as StoredValue;
      bench.clock.advance(5);
      const expiresAt = bench.clock.now() + 9;
      assert.equal(await store.touch("a", { expiresAt }), true);
      const after = (await store.getWithMetadata("a")) as StoredValue;
      const { version } = after;
      assert.ok(version > before.version);
      assert.deepEqual(after, { ...before, updatedAt: before.updatedAt + 5, expiresAt, version });
      await store.persist("a");
      assert.equal("expiresAt" in ((await store.getWithMetadata("a")) as StoredValue), false);
    },

    "stand in the feed, once, with the tags": async (bench) => {
      const store = await openStore(bench);
      await store.set("a", "value", { tags: ["t"], ttlSeconds: 1 });
      const { checkpoint } = await bench.namespace.head();
      await store.touch("a", { ttlSeconds: 2 });
      await store.persist("a");
      const { changes } = await readRun(bench.namespace, checkpoint);
      assert.deepEqual(changes.map(keyOf), ["a"]);
      const [change] = changes;
      assert.ok(change?.type === "record" && change.record.expiresAt === undefined);
      assert.deepEqual(change.record.tags, ["t"]);
    },

    "of what is not there, or no longer, change nothing": async (bench) => {
      const store = await openStore(bench);
      await store.set("a", "value", { ttlSeconds: 0.001 });
      bench.clock.advance(1);
      await changesNothing(bench.namespace, async () => {
        for (const key of ["a", "b"]) {
          assert.equal(await store.touch(key, { ttlSeconds: 5 }), false);
          assert.equal(await store.persist(key), false);
        }
      });
    },

    "undo nothing of what others write at once": async (bench) => {
      const store = await openStore(bench);
      for (let round = 0; round < 10; round++) {
        await store.set("a", "old", { ttlSeconds: 5 });
        await Promise.all([
          store.touch("a", { ttlSeconds: 7 }),
          store.set("a", `${round}`, { tags: ["new"] }),
          store.persist("a"),
        ]);
        const found = await store.getWithMetadata("a");
        assert.equal(found && Buffer.from(found.value).toString(), `${round}`);
        assert.deepEqual(found?.tags, ["new"]);
      }
    },
  },
};

/** By every way to see it. */
async function assertThere(store: KeyValueStore, expected: boolean): Promise<void> {
  const keys = expected ? ["a"] : [];
  assert.equal(await store.has("a"), expected);
  assert.deepEqual((await store.keys()).items, keys);
  const found = await store.queryByTags({ all: ["t"], total: true });
  assert.deepEqual(found, { items: keys, total: keys.length });
  assert.equal((await store.listTags()).get("t"), expected ? 1 : undefined);
}
