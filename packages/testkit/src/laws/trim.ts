import assert from "node:assert/strict";
import { isNadbError } from "@nadb/core";
import { changesNothing, refuses } from "../assertions.js";
import { encodeAll, foreign, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { assertEndsTrue, keyOf, readKeys, readRun, readState } from "../runs.js";

const DAY = 86_400_000;

export const trim: Law = {
  name: "trim",
  cases: {
    "makes earlier checkpoints expire": async (bench) => {
      const { namespace } = bench;
      await bench.write(puts(5));
      const early = await namespace.head();
      const { checkpoint } = await namespace.commit([remove("key00001")]);
      await namespace.trim(checkpoint);
      await refuses("NADB_CHECKPOINT_EXPIRED", () => readRun(namespace, early.checkpoint));
      await namespace.commit([put("a")]);
      await refuses("NADB_CHECKPOINT_EXPIRED", () => readRun(namespace, early.checkpoint));
    },

    "leaves its own checkpoint and later ones in service": async (bench) => {
      const { namespace } = bench;
      await bench.write(puts(5));
      const through = await namespace.commit([remove("key00001")]);
      const state = await readState(namespace);
      const later = await namespace.commit([remove("key00002")]);
      await namespace.trim(through.checkpoint);
      const run = await readRun(namespace, through.checkpoint);
      assert.deepEqual(run.changes.map(keyOf), ["key00002"]);
      assertEndsTrue(run, state);
      assert.deepEqual((await readRun(namespace, later.checkpoint)).changes, []);
    },

    "changes neither content nor head": async (bench) => {
      const { namespace } = bench;
      await bench.write(puts(5));
      await namespace.commit([remove("key00001")]);
      const before = { keys: await readKeys(namespace), state: await readState(namespace) };
      await changesNothing(namespace, async () => {
        await namespace.trim((await namespace.head()).checkpoint);
      });
      assert.deepEqual(
        { keys: await readKeys(namespace), state: await readState(namespace) },
        before,
      );
    },

    "forgets the tombstones": async (bench) => {
      await bench.write(puts(5));
      await bench.write(puts(5).map(({ key }) => remove(key)));
      await bench.namespace.trim((await bench.namespace.head()).checkpoint);
      assert.deepEqual((await readRun(bench.namespace, null)).changes, []);
    },

    "can be repeated": async (bench) => {
      const { namespace } = bench;
      await bench.write(puts(5));
      const { checkpoint } = await namespace.commit([remove("key00001")]);
      await namespace.trim(checkpoint);
      await namespace.trim(checkpoint);
      assert.deepEqual((await readRun(namespace, checkpoint)).changes, []);
    },

    "through a checkpoint that is not served is refused": async ({ namespace }) => {
      const { checkpoint } = await namespace.commit([put("a")]);
      await namespace.commit([remove("a")]);
      const load = await namespace.replace();
      await load.put(encodeAll([foreign("b")]));
      const { head } = await load.commit();
      for (const wrong of [checkpoint, "garbage", ""])
        await refuses("NADB_CHECKPOINT_EXPIRED", () => namespace.trim(wrong));
      await readRun(namespace, head.checkpoint);
    },

    "lasts across close and open (if durable)": async (bench) => {
      if (!bench.outlivesClose) return;
      const early = await bench.namespace.commit([put("a")]);
      const { checkpoint } = await bench.namespace.commit([remove("a")]);
      await bench.namespace.trim(checkpoint);
      await bench.reopen();
      await refuses("NADB_CHECKPOINT_EXPIRED", () => readRun(bench.namespace, early.checkpoint));
      assert.deepEqual((await readRun(bench.namespace, checkpoint)).changes, []);
    },

    "under a reader leaves its run whole, or ends it": async (bench) => {
      const { namespace } = bench;
      await bench.write(puts(60));
      const { checkpoint } = await namespace.head();
      const state = await readState(namespace);
      await bench.write(
        puts(60)
          .slice(20, 50)
          .map(({ key }) => remove(key)),
      );
      await bench.write(puts(20).map(({ key }) => put(key, "changed")));
      try {
        const run = await readRun(namespace, checkpoint, { pageBytes: 100 }, async () => {
          await namespace.trim((await namespace.head()).checkpoint);
        });
        assertEndsTrue(run, state);
      } catch (error) {
        if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
      }
    },

    "does not come by itself within 29 days of sweeps": async (bench) => {
      const { namespace, clock } = bench;
      const { checkpoint } = await bench.write(puts(5));
      await namespace.commit([remove("key00001")]);
      for (let day = 0; day < 29; day++) {
        clock.advance(DAY);
        await namespace.sweep(clock.now(), 1_000);
        await namespace.commit([put("daily", `${day}`)]);
      }
      const { changes } = await readRun(namespace, checkpoint);
      assert.deepEqual(changes.map(keyOf).sort(), ["daily", "key00001"]);
    },
  },
};
