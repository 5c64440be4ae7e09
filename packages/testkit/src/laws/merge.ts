import assert from "node:assert/strict";
import { isNadbError, type StagedLoad } from "@nadb/core";
import { whileRunning } from "../alongside.js";
import { changesNothing, contentOf } from "../assertions.js";
import type { Bench } from "../bench.js";
import {
  drawForeignRecord,
  drawMutations,
  encodeAll,
  foreign,
  put,
  puts,
  text,
  tombstone,
} from "../generate.js";
import type { Law } from "../law.js";
import { Model } from "../model.js";
import {
  applyRun,
  assertEndsTrue,
  get,
  keyOf,
  measure,
  mustGet,
  readKeys,
  readRun,
  readState,
} from "../runs.js";

export const merge: Law = {
  name: "merge",
  cases: {
    "lays the loaded keys over the content; others stay": async ({ namespace }) => {
      await namespace.commit([put("a", "old", { tags: ["old"] })]);
      await namespace.commit([put("b", "stays")]);
      const brought = foreign("a", "new", { tags: ["new"], createdAt: 5, updatedAt: 6 });
      const { count, digest, head } = await load(namespace, encodeAll([brought, foreign("c")]));
      assert.deepEqual([count, digest], [2, measure([brought, foreign("c")]).digest]);
      assert.deepEqual(head, await namespace.head());
      assert.deepEqual(await readKeys(namespace), ["a", "b", "c"]);
      assert.deepEqual(contentOf(await mustGet(namespace, "a")), contentOf(brought));
      assert.deepEqual([...(await namespace.tags())], [["new", 1]]);
    },

    "is invisible until its commit": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      const staged = await namespace.merge();
      await changesNothing(namespace, async () => {
        await staged.put(encodeAll([foreign("a", "new"), foreign("b")]));
        assert.deepEqual(await readKeys(namespace), ["a"]);
      });
      await staged.commit();
      assert.deepEqual(await readKeys(namespace), ["a", "b"]);
    },

    "is never seen in part": async (bench) => {
      await bench.write(puts(40).map(({ key }) => put(key, "old")));
      const staged = await bench.namespace.merge();
      await staged.put(encodeAll(puts(40).map(({ key }) => foreign(key, "merged"))));
      await whileRunning(staged.commit(), async () => {
        const { bytes } = await bench.namespace.head();
        assert.ok(bytes === 40 * 3 || bytes === 40 * 6, "a merge was seen in part");
      });
    },

    "goes on in the same generation: the run since brings just the merged keys": async (bench) => {
      await bench.write(puts(20));
      const { checkpoint } = await bench.namespace.head();
      const state = await readState(bench.namespace);
      const changes = [
        ...encodeAll([foreign("key00003", "m"), foreign("new")]),
        tombstone("key00007"),
      ];
      const { head } = await load(bench.namespace, changes);
      const run = await readRun(bench.namespace, checkpoint);
      assert.deepEqual(run.changes.map(keyOf).sort(), ["key00003", "key00007", "new"]);
      assertEndsTrue(run, state);
      assert.deepEqual(run.end, head);
    },

    "gives its records versions above all before": async (bench) => {
      const { versions } = await bench.namespace.commit([put("a")]);
      await load(bench.namespace, encodeAll([foreign("a", "m", { version: 1 })]));
      assert.ok((await mustGet(bench.namespace, "a")).version > (versions[0] as number));
      const after = await bench.namespace.commit([put("a")]);
      assert.ok((after.versions[0] as number) > (versions[0] as number) + 1);
    },

    "of a tombstone removes the key": async ({ namespace }) => {
      await namespace.commit([put("a", "1", { tags: ["t"] })]);
      const { checkpoint } = await namespace.commit([put("b")]);
      const { count, digest } = await load(namespace, [tombstone("a"), tombstone("missing")]);
      assert.deepEqual([count, digest], [0, measure([]).digest]);
      assert.equal(await get(namespace, "a"), undefined);
      assert.equal((await namespace.tags()).size, 0);
      const tombstones = (await readRun(namespace, checkpoint)).changes;
      assert.ok(tombstones.some((change) => change.type === "tombstone" && keyOf(change) === "a"));
    },

    "lets the later of two changes of a key win": async ({ namespace }) => {
      const staged = await namespace.merge();
      await staged.put([...encodeAll([foreign("a", "1"), foreign("b")]), tombstone("b")]);
      await staged.put(encodeAll([foreign("a", "2")]));
      const { count, digest } = await staged.commit();
      assert.deepEqual([count, digest], [1, measure([foreign("a", "2")]).digest]);
      assert.deepEqual(await readKeys(namespace), ["a"]);
    },

    "wins over what was written to its keys meanwhile; the rest of that stays": async (bench) => {
      const staged = await bench.namespace.merge();
      await staged.put(encodeAll([foreign("a", "merged")]));
      await bench.write([put("a", "meanwhile"), put("b", "meanwhile")]);
      await staged.commit();
      assert.deepEqual((await mustGet(bench.namespace, "a")).value, put("", "merged").value);
      assert.deepEqual((await mustGet(bench.namespace, "b")).value, put("", "meanwhile").value);
    },

    "and merge at once both land": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      const loads = await Promise.all([1, 2, 3].map(() => namespace.merge()));
      await Promise.all(
        loads.map((one, i) => one.put(encodeAll([foreign(`m${i}`), foreign("all")]))),
      );
      await Promise.all(loads.map((one) => one.commit()));
      assert.deepEqual(await readKeys(namespace), ["a", "all", "m0", "m1", "m2"]);
    },

    "over a content that was replaced meanwhile lies on the new one, or conflicts": async (
      bench,
    ) => {
      const { namespace } = bench;
      await bench.write([put("a"), put("old")]);
      const [merging, replacing] = [await namespace.merge(), await namespace.replace()];
      await merging.put(encodeAll([foreign("a", "merged")]));
      await replacing.put(encodeAll([foreign("a", "replaced"), foreign("new")]));
      await replacing.commit();
      const merged = await commitOrConflict(merging);
      assert.deepEqual(await readKeys(namespace), ["a", "new"]);
      const { value } = await mustGet(namespace, "a");
      assert.deepEqual(value, text(merged ? "merged" : "replaced"));
    },

    "of nothing changes nothing": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      await changesNothing(namespace, () => load(namespace, []));
    },

    "after merge keeps a copy true": async (bench) => {
      const { namespace, random, clock } = bench;
      const model = new Model();
      const copy = await readState(namespace);
      let since = (await namespace.head()).checkpoint;
      for (let i = 0; i < 12; i++) {
        const drawn = await writeAndMerge(bench, model);
        assert.equal((await namespace.head()).count >= drawn, true);
        const run = await readRun(namespace, since);
        since = run.end.checkpoint;
        applyRun(copy, run);
        await model.assertHolds(namespace, clock.now());
        clock.advance(random.int(500));
      }
      assert.deepEqual(copy, await readState(namespace));
    },
  },
};

/** True when it was committed, false when it conflicts. */
async function commitOrConflict(staged: StagedLoad): Promise<boolean> {
  try {
    await staged.commit();
    return true;
  } catch (error) {
    if (!isNadbError(error, "NADB_CONFLICT")) throw error;
    return false;
  }
}

async function load(namespace: Bench["namespace"], changes: readonly Uint8Array[]) {
  const staged = await namespace.merge();
  await staged.put(changes);
  return staged.commit();
}

/** Draws some commits and one merge; answers how many keys were merged. */
async function writeAndMerge(bench: Bench, model: Model): Promise<number> {
  const now = bench.clock.now();
  const mutations = drawMutations(bench.random, now, 8);
  await bench.write(mutations);
  model.apply(mutations, now);
  const drawn = Array.from({ length: 5 }, () => drawForeignRecord(bench.random, now));
  const { count } = await load(bench.namespace, encodeAll(drawn));
  model.load(drawn);
  assert.equal(count, new Set(drawn.map(({ key }) => key)).size);
  return count;
}
