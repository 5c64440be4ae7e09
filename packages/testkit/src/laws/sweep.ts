import assert from "node:assert/strict";
import type { Bench } from "../bench.js";
import { put, puts } from "../generate.js";
import type { Law } from "../law.js";
import { applyRun, assertEndsTrue, keyOf, readRun, readState } from "../runs.js";

export const sweep: Law = {
  name: "sweep",
  cases: {
    "turns what has expired into tombstones": async (bench) => {
      const { namespace, clock } = bench;
      const { checkpoint } = await expiring(bench, 6);
      await namespace.commit([put("stays")]);
      const before = await readState(namespace);
      clock.advance(10);
      assert.equal(await namespace.sweep(clock.now(), 100), 6);
      const run = await readRun(namespace, checkpoint);
      const swept = run.changes.filter((change) => change.type === "tombstone");
      assert.deepEqual(
        swept.map(keyOf).sort(),
        puts(6).map((one) => one.key),
      );
      assert.equal(run.end.count, 1);
      assertEndsTrue(run, before);
    },

    "moves the checkpoint, so that the next run brings the tombstones": async (bench) => {
      await expiring(bench, 3);
      const { checkpoint } = await bench.namespace.head();
      bench.clock.advance(10);
      await bench.namespace.sweep(bench.clock.now(), 100);
      assert.notEqual((await bench.namespace.head()).checkpoint, checkpoint);
      const run = await readRun(bench.namespace, checkpoint);
      assert.equal(run.changes.length, 3);
      assert.equal(applyRun(new Map(), run).size, 0);
    },

    "does no more than its limit at a time, and comes to an end": async (bench) => {
      await expiring(bench, 12);
      bench.clock.advance(10);
      let left = 12;
      while (left > 0) {
        const done = await bench.namespace.sweep(bench.clock.now(), 5);
        assert.ok(done > 0 && done <= 5, `${done} swept of ${left}, the limit is 5`);
        left -= done;
        assert.equal((await bench.namespace.head()).count, left);
        assertEndsTrue(await readRun(bench.namespace, null));
      }
      assert.equal(await bench.namespace.sweep(bench.clock.now(), 5), 0);
    },

    "leaves alone what has not expired at its instant": async (bench) => {
      await expiring(bench, 3);
      const before = await bench.namespace.head();
      bench.clock.advance(9);
      assert.equal(await bench.namespace.sweep(bench.clock.now(), 100), 0);
      bench.clock.advance(100);
      assert.equal(await bench.namespace.sweep(bench.clock.now() - 100, 100), 0);
      assert.deepEqual(await bench.namespace.head(), before);
    },

    "of an empty namespace does nothing": async ({ namespace, clock, backend }) => {
      assert.equal(await namespace.sweep(clock.now(), 100), 0);
      for await (const id of backend.namespaces()) assert.fail(`${id.namespace} was written to`);
    },

    "happens a little with every commit": async (bench) => {
      await expiring(bench, 8);
      bench.clock.advance(10);
      for (const one of puts(20, "new")) await bench.namespace.commit([one]);
      assert.equal((await bench.namespace.head()).count, 20);
    },

    "by a commit shows in the run behind that commit's parent": async (bench) => {
      const { namespace, clock } = bench;
      await expiring(bench, 8);
      const before = await namespace.head();
      const state = await readState(namespace);
      clock.advance(10);
      const { checkpoint } = await namespace.commit([put("new")]);
      const run = await readRun(namespace, before.checkpoint);
      assert.equal(run.end.checkpoint, checkpoint);
      assertEndsTrue(run, state);
    },
  },
};

/** `count` records that expire in 10 ms. */
const expiring = (bench: Bench, count: number) =>
  bench.write(
    puts(count).map((one) => ({ ...one, tags: ["t"], expiresAt: bench.clock.now() + 10 })),
  );
