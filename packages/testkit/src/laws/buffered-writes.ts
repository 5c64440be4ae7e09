// Writes that a store buffers: read at once, committed as one, lost only where nobody was told that they are durable.
import assert from "node:assert/strict";
import { whileRunning } from "../alongside.js";
import { buffering, seen } from "../buffering.js";
import { puts } from "../generate.js";
import type { Law } from "../law.js";
import { readKeys } from "../runs.js";
import { openStore } from "../stores.js";

export const bufferedWrites: Law = {
  name: "buffered writes",
  cases: {
    "are read at once in every way, and not by who has another buffer": buffering(
      async ({ store, plain, commits }) => {
        await plain.setMany([
          { key: "a", value: "old", tags: ["old"] },
          { key: "b", value: "old", tags: ["t"] },
          { key: "c", value: "old", tags: ["t"] },
        ]);
        await store.set("a", "new", { tags: ["t"] });
        await store.set("d", "new", { tags: ["t"] });
        assert.equal(await store.delete("b"), true);
        assert.equal(await store.delete("b"), false);
        assert.deepEqual(await seen(store), {
          values: "a=new c=old d=new",
          keys: ["a", "c", "d"],
          tagged: { items: ["a", "c", "d"], total: 3 },
          tags: "t:3",
        });
        assert.deepEqual(await seen(plain), {
          values: "a=old b=old c=old",
          keys: ["a", "b", "c"],
          tagged: { items: ["b", "c"], total: 2 },
          tags: "old:1 t:2",
        });
        assert.equal(commits.length, 0);
      },
    ),

    "are seen by everybody once flushed, by hand or in a round": buffering(
      async ({ store, plain, sync }) => {
        await store.set("a", "1", { tags: ["t"] });
        await store.flush();
        assert.deepEqual(await seen(plain), await seen(store));
        await store.set("b", "1", { tags: ["t"] });
        await sync.tick();
        assert.deepEqual(await seen(plain), await seen(store));
        assert.deepEqual((await plain.keys()).items, ["a", "b"]);
      },
    ),

    "go down in one commit, of which others see all or nothing": buffering(
      async ({ store, plain, commits }) => {
        const entries = puts(300);
        for (const { key, value } of entries) await store.set(key, value);
        await whileRunning(store.flush(), async () => {
          const count = (await plain.keys()).items.length;
          assert.ok(count === 0 || count === entries.length, `${count} of ${entries.length}`);
        });
        assert.equal((await plain.keys()).items.length, entries.length);
        assert.deepEqual(commits, [entries.length]);
      },
    ),

    "expire to the millisecond, flushed or not": buffering(async ({ store, plain, bench }) => {
      await store.set("a", "1", { ttlSeconds: 0.01, tags: ["t"] });
      await store.set("b", "1", { ttlSeconds: 0.02, tags: ["t"] });
      bench.clock.advance(9);
      assert.deepEqual((await store.keys()).items, ["a", "b"]);
      bench.clock.advance(1);
      assert.deepEqual((await seen(store)).tagged, { items: ["b"], total: 1 });
      await store.flush();
      assert.deepEqual((await seen(plain)).tagged, { items: ["b"], total: 1 });
      bench.clock.advance(10);
      assert.equal((await seen(plain)).values, "");
    }),

    "come before the commit of a condition and before a transaction": buffering(
      async ({ store, plain }) => {
        await store.set("a", "1");
        await assert.rejects(store.set("a", "2", { ifAbsent: true }));
        await store.set("b", "1");
        await store.transaction(async (tx) => {
          tx.set("c", (await tx.has("b")) ? "b was there" : "b was not there");
        });
        assert.equal((await seen(plain)).values, "a=1 b=1 c=b was there");
      },
    ),

    "stand in the feed for whoever asks, and the head counts them": buffering(async ({ store }) => {
      await store.set("a", "1");
      assert.equal((await store.stats()).count, 1);
      await store.set("b", "1");
      const told: string[] = [];
      for await (const { key } of store.changes()) told.push(key);
      assert.deepEqual(told, ["a", "b"]);
    }),

    "are lost by a kill only if no flush has taken them": buffering(
      async ({ store, bench, kill }) => {
        for (const key of ["a", "b"]) await store.set(key, "flushed");
        await store.flush();
        for (const key of ["b", "c"]) await store.set(key, "not flushed");
        kill();
        if (bench.outlivesClose) await bench.reopen();
        assert.deepEqual(await readKeys(bench.namespace), ["a", "b"]);
        const after = await openStore(bench);
        assert.equal((await seen(after)).values, "a=flushed b=flushed");
      },
    ),

    "are all there after the store is closed": buffering(async ({ store, bench }) => {
      for (const { key, value } of puts(20)) await store.set(key, value);
      await store.close();
      if (bench.outlivesClose) await bench.reopen();
      assert.equal((await readKeys(bench.namespace)).length, 20);
    }),
  },
};
