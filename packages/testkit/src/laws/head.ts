import assert from "node:assert/strict";
import { EMPTY_DIGEST } from "@nadb/core";
import { whileRunning } from "../alongside.js";
import { drawMutations, encodeAll, foreign, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { Model } from "../model.js";
import { assertEndsTrue, measure, measured, readRun } from "../runs.js";

export const head: Law = {
  name: "head",
  cases: {
    "of an empty namespace says so": async ({ namespace }) => {
      const { checkpoint, generation, version, ...rest } = await namespace.head();
      assert.equal(typeof checkpoint, "string");
      assert.deepEqual({ generation, version }, { generation: "", version: 0 });
      assert.deepEqual(rest, { count: 0, bytes: 0, digest: EMPTY_DIGEST });
    },

    "counts records and the bytes of their values": async ({ namespace }) => {
      await namespace.commit([put("a", "12345")]);
      await namespace.commit([put("b", "")]);
      await namespace.commit([put("a", "123")]);
      const { count, bytes } = await namespace.head();
      assert.deepEqual({ count, bytes }, { count: 2, bytes: 3 });
    },

    "equals a recomputation from all records, after any history": async (bench) => {
      const { namespace, clock, random } = bench;
      const model = new Model();
      for (let step = 1; step <= 150; step++) {
        const mutations = drawMutations(random, clock.now(), 5);
        await bench.write(mutations);
        model.apply(mutations, clock.now());
        if (random.oneIn(4)) clock.advance(random.int(800));
        if (random.oneIn(10)) await namespace.sweep(clock.now(), 1 + random.int(5));
        if (step % 10 === 0) assertEndsTrue(await readRun(namespace, null));
      }
      await model.assertHolds(namespace, clock.now());
    },

    "has a digest that does not depend on order, history and time": async (bench) => {
      const content = [
        ...puts(20),
        put("t", "1", { tags: ["x", "y"] }),
        put("e", "1", { expiresAt: bench.clock.now() + 9_000 }),
      ];
      const other = await bench.other("other");
      await bench.write(content);
      bench.clock.advance(1_000);
      await bench.write([put("t", "other"), put("gone"), put("key00003", "")], other);
      await bench.write(bench.random.shuffle(content), other);
      await bench.write([remove("gone")], other);
      assert.equal((await other.head()).digest, (await bench.namespace.head()).digest);
    },

    "has a digest that tells content apart": async (bench) => {
      const variants = [
        put("a", "1"),
        put("b", "1"),
        put("a", "2"),
        put("a", "1", { tags: ["t"] }),
        put("a", "1", { tags: ["u"] }),
        put("a", "1", { expiresAt: bench.clock.now() + 1 }),
      ];
      const digests = new Set<string>();
      for (const variant of variants) {
        await bench.write([remove("a"), remove("b")]);
        await bench.namespace.commit([variant]);
        digests.add((await bench.namespace.head()).digest);
      }
      assert.equal(digests.size, variants.length);
    },

    "is the empty one again once everything is deleted": async (bench) => {
      await bench.write(puts(20));
      await bench.write(puts(20).map(({ key }) => remove(key)));
      assert.deepEqual(measured(await bench.namespace.head()), measure([]));
    },

    "has a version that grows with every change, and with nothing else": async (bench) => {
      const { namespace, clock } = bench;
      const expiresAt = clock.now() + 5;
      let before = (await namespace.head()).version;
      const steps: readonly (readonly [number, () => Promise<unknown>])[] = [
        [1, () => namespace.commit([put("a", "1", { expiresAt })])],
        [3, () => bench.write(puts(3))],
        [0, () => namespace.commit([remove("nothing")])],
        [1, () => namespace.commit([remove("key00001")])],
        [0, () => namespace.sweep(clock.now(), 10)],
        [1, () => namespace.sweep(clock.now() + 5, 10)],
      ];
      for (const [changes, step] of steps) {
        await step();
        const { version } = await namespace.head();
        assert.equal(version - before, changes);
        before = version;
      }
    },

    "has another generation, and a later version, once the content is replaced": async (bench) => {
      const { namespace } = bench;
      await namespace.commit([put("a")]);
      const before = await namespace.head();
      const merge = await namespace.merge();
      await merge.put(encodeAll([foreign("b")]));
      await merge.commit();
      const merged = await namespace.head();
      assert.equal(merged.generation, before.generation);
      const load = await namespace.replace();
      await load.put(encodeAll([foreign("c")]));
      await load.commit();
      const replaced = await namespace.head();
      assert.notEqual(replaced.generation, before.generation);
      assert.ok(before.version < merged.version && merged.version < replaced.version);
    },

    "is one instant, also while others write": async ({ namespace }) => {
      const value = new Uint8Array(10);
      const writers = puts(40).map((one) => namespace.commit([{ ...one, value }]));
      await whileRunning(Promise.all(writers), async () => {
        const { count, bytes } = await namespace.head();
        assert.equal(bytes, 10 * count, "count and bytes come from different instants");
      });
    },
  },
};
