// A store's feed as an application follows it: from checkpoint to checkpoint, and never past a gap.
import assert from "node:assert/strict";
import type { Checkpoint, KeyValueStore } from "@nadb/core";
import { refuses } from "../assertions.js";
import type { Bench } from "../bench.js";
import { drawMutations } from "../generate.js";
import type { Law } from "../law.js";
import { Model } from "../model.js";
import { byUtf8 } from "../runs.js";
import { assertSame } from "../sequences/compare.js";
import { Follower } from "../sequences/follower.js";
import { openStore } from "../stores.js";

export const storeChanges: Law = {
  name: "changes of a store",
  cases: {
    "keep a copy equal to it, from checkpoint to checkpoint, also after close and open": async (
      bench,
    ) => {
      const oracle = new Model();
      const follower = new Follower();
      for (let round = 0; round < 20; round++) {
        await drawnWrites(bench, oracle);
        const store = await openStore(bench);
        await follower.catchUp(store);
        assertCopy(bench, follower, oracle);
        await store.close();
        if (bench.outlivesClose && bench.random.oneIn(4)) await bench.reopen();
      }
    },

    "tell each key once, at its latest, puts and deletes": async (bench) => {
      const store = await openStore(bench);
      for (const key of ["a", "b", "c"]) await store.set(key, "1");
      const { checkpoint } = await bench.namespace.head();
      await store.set("a", "2");
      await store.set("b", "2");
      await store.delete("b");
      await store.set("a", "3", { tags: ["t"] });
      const told = await collect(store, checkpoint);
      assert.deepEqual(told.sort(), ["delete b", "put a 3 t"]);
    },

    "go on behind the checkpoint of a change, wherever one stops": async (bench) => {
      const store = await openStore(bench);
      const told = new Set<string>();
      let since: Checkpoint | null = null;
      for (let i = 0; i < 12; i++) {
        await store.set(`key${i}`, "1");
        await store.set(`key${i} too`, "1");
        if (i % 3 !== 2) continue;
        for await (const { key, checkpoint } of store.changes({ since })) {
          told.add(key);
          since = checkpoint ?? since;
          if (checkpoint === undefined && i === 5) break; // and what follows comes again
        }
      }
      assert.equal(told.size, 24);
      assert.deepEqual(await collect(store, since), []);
    },

    "from a checkpoint of a replaced content throw NADB_CHECKPOINT_EXPIRED": async (bench) => {
      const store = await openStore(bench);
      await store.set("a", "1");
      const { checkpoint } = await bench.namespace.head();
      await store.clear();
      await store.set("b", "1");
      await refuses("NADB_CHECKPOINT_EXPIRED", () => collect(store, checkpoint));
      assert.deepEqual(await collect(store, null), ["put b 1"]);
    },

    "go on with what happens later when followed": async (bench) => {
      const store = await openStore(bench);
      await store.set("0", "1");
      const told: string[] = [];
      for await (const { type, key } of store.changes({ follow: true, pollSeconds: 0.001 })) {
        told.push(`${type} ${key}`);
        if (key === "3") break;
        await store.set(`${Number(key) + 1}`, "1");
      }
      assert.deepEqual(told, ["put 0", "put 1", "put 2", "put 3"]);
    },
  },
};

async function drawnWrites(bench: Bench, oracle: Model): Promise<void> {
  const { random, clock } = bench;
  const mutations = drawMutations(random, clock.now(), 8);
  await bench.write(mutations);
  oracle.apply(mutations, clock.now());
  if (random.oneIn(3)) clock.advance(random.int(2_000));
  if (random.oneIn(5)) await bench.namespace.sweep(clock.now(), 3);
}

function assertCopy({ clock }: Bench, follower: Follower, oracle: Model): void {
  const now = clock.now();
  const copy = new Map(follower.readable(now).map((record) => [record.key, record]));
  const expected = oracle.readable(now);
  assert.deepEqual(
    [...copy.keys()].sort(byUtf8),
    expected.map(({ key }) => key),
  );
  for (const one of expected) assertSame(one.key, copy.get(one.key), one, { exact: true, now });
}

async function collect(store: KeyValueStore, since: Checkpoint | null): Promise<string[]> {
  const told: string[] = [];
  for await (const change of store.changes({ since })) {
    if (change.type === "delete") told.push(`delete ${change.key}`);
    else {
      const value = Buffer.from(change.value).toString();
      told.push(["put", change.key, value, ...change.tags].join(" "));
    }
  }
  return told;
}
