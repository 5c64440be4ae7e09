// Compare-and-set through a store: on one key, so that it works on any backend.
import assert from "node:assert/strict";
import { isNadbError, type KeyValueStore } from "@nadb/core";
import { changesNothing, refuses } from "../assertions.js";
import type { Law } from "../law.js";
import { openStore } from "../stores.js";

export const conditions: Law = {
  name: "conditions",
  cases: {
    "ifAbsent writes once, and again when the record is gone": async (bench) => {
      const store = await openStore(bench);
      await store.set("a", "1", { ifAbsent: true });
      await changesNothing(bench.namespace, () =>
        refuses("NADB_CONFLICT", () => store.set("a", "2", { ifAbsent: true })),
      );
      await store.delete("a");
      await store.set("a", "3", { ifAbsent: true });
      assert.equal(await textOf(store, "a"), "3");
    },

    "ifVersion writes and deletes on exactly that version": async (bench) => {
      const store = await openStore(bench);
      const first = (await store.set("a", "1")) as number;
      const second = (await store.set("a", "2", { ifVersion: first })) as number;
      assert.equal((await store.getWithMetadata("a"))?.version, second);
      await changesNothing(bench.namespace, async () => {
        for (const ifVersion of [first, second + 1, 0]) {
          await refuses("NADB_CONFLICT", () => store.set("a", "3", { ifVersion }));
          await refuses("NADB_CONFLICT", () => store.delete("a", { ifVersion }));
        }
      });
      assert.equal(await store.delete("a", { ifVersion: second }), true);
      await refuses("NADB_CONFLICT", () => store.set("a", "3", { ifVersion: second }));
    },

    "take a record that has expired for absent, swept or not": async (bench) => {
      const store = await openStore(bench);
      const version = (await store.set("a", "1", { ttlSeconds: 0.005 })) as number;
      bench.clock.advance(4);
      await refuses("NADB_CONFLICT", () => store.set("a", "2", { ifAbsent: true }));
      bench.clock.advance(1);
      await refuses("NADB_CONFLICT", () => store.set("a", "2", { ifVersion: version }));
      await refuses("NADB_CONFLICT", () => store.delete("a", { ifVersion: version }));
      await store.set("a", "2", { ifAbsent: true, ttlSeconds: 0.001 });
      bench.clock.advance(1);
      await store.cleanupExpired();
      await store.set("a", "3", { ifAbsent: true });
      assert.equal(await textOf(store, "a"), "3");
    },

    "have one winner however many try": async (bench) => {
      const stores = [await openStore(bench), await openStore(bench)];
      if (bench.capabilities.multiProcess) {
        stores.push(await openStore(bench, { backend: await bench.open() }));
      }
      const tries = Array.from({ length: 24 }, (_, i) =>
        (stores[i % stores.length] as KeyValueStore).set("a", `${i}`, { ifAbsent: true }),
      );
      const outcomes = await Promise.allSettled(tries);
      const winners = outcomes.flatMap(({ status }, i) => (status === "fulfilled" ? [`${i}`] : []));
      for (const one of outcomes) {
        if (one.status === "rejected") assert.ok(isNadbError(one.reason, "NADB_CONFLICT"));
      }
      assert.equal(winners.length, 1, `winners: ${winners.join(", ")}`);
      for (const store of stores) assert.equal(await textOf(store, "a"), winners[0]);
    },

    "make counting by many lose nothing": async (bench) => {
      const store = await openStore(bench);
      await store.set("count", "0");
      await Promise.all(Array.from({ length: 12 }, () => increment(store, "count")));
      assert.equal(await textOf(store, "count"), "12");
    },

    "of several in one commit hold, or nothing is written (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const store = await openStore(bench);
      await store.set("a", "1");
      const entries = [
        { key: "b", value: "2", ifAbsent: true },
        { key: "a", value: "2", ifAbsent: true },
      ];
      await changesNothing(bench.namespace, () =>
        refuses("NADB_CONFLICT", () => store.setMany(entries)),
      );
    },
  },
};

/** By compare-and-set, as often as it takes. */
async function increment(store: KeyValueStore, key: string): Promise<void> {
  for (;;) {
    const found = await store.getWithMetadata(key);
    assert.ok(found !== undefined);
    const next = Number(Buffer.from(found.value).toString()) + 1;
    const write = store.set(key, `${next}`, { ifVersion: found.version });
    if ((await write.catch(conflictOnly)) !== undefined) return;
  }
}

function conflictOnly(error: unknown): undefined {
  if (!isNadbError(error, "NADB_CONFLICT")) throw error;
}

async function textOf(store: KeyValueStore, key: string): Promise<string | undefined> {
  const value = await store.get(key);
  return value && Buffer.from(value).toString();
}
