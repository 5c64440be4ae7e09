// A store's clean-up: all that has expired, in as many sweeps as it takes.
import assert from "node:assert/strict";
import { puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { applyRun, assertEndsTrue, measure, measured, readRun, readState } from "../runs.js";
import { openStore } from "../stores.js";

/** More than the store sweeps at a time. */
const MANY = 1_050;

export const cleanup: Law = {
  name: "cleanupExpired",
  cases: {
    "removes all that has expired, however much, and tells how many": async (bench) => {
      const store = await openStore(bench);
      const expiresAt = bench.clock.now() + 5;
      await bench.write(puts(MANY).map((one) => ({ ...one, expiresAt, tags: ["t"] })));
      assert.equal(await store.cleanupExpired(), 0);
      bench.clock.advance(5);
      assert.equal(await store.cleanupExpired(), MANY);
      assert.equal(await store.cleanupExpired(), 0);
      assert.deepEqual(measured(await bench.namespace.head()), measure([]));
      assert.equal((await store.listTags()).size, 0);
    },

    "leaves what lives, or was made to live": async (bench) => {
      const store = await openStore(bench);
      await store.set("for ever", "1");
      await store.set("later", "1", { ttlSeconds: 0.006 });
      await store.set("persisted", "1", { ttlSeconds: 0.005 });
      await store.set("overwritten", "1", { ttlSeconds: 0.005 });
      await store.set("over", "1", { ttlSeconds: 0.005 });
      await store.persist("persisted");
      await store.set("overwritten", "2");
      bench.clock.advance(5);
      assert.equal(await store.cleanupExpired(), 1);
      const { items } = await store.keys();
      assert.deepEqual(items, ["for ever", "later", "overwritten", "persisted"]);
    },

    "is told to whoever follows the feed, as deletes": async (bench) => {
      const store = await openStore(bench);
      await store.set("a", "1", { ttlSeconds: 0.005 });
      await store.set("b", "1");
      const copy = await readState(bench.namespace);
      const { checkpoint } = await bench.namespace.head();
      bench.clock.advance(5);
      await store.cleanupExpired();
      const run = await readRun(bench.namespace, checkpoint);
      assertEndsTrue(run, copy);
      assert.deepEqual([...applyRun(copy, run).keys()], ["b"]);
    },

    "does not count what was deleted before it expired": async (bench) => {
      const store = await openStore(bench);
      await store.set("a", "1", { ttlSeconds: 0.005 });
      await bench.namespace.commit([remove("a")]);
      bench.clock.advance(5);
      assert.equal(await store.cleanupExpired(), 0);
      assert.equal(await store.delete("a"), false);
    },
  },
};
