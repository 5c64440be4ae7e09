import assert from "node:assert/strict";
import type { Checkpoint } from "@nadb/core";
import type { Bench } from "../bench.js";
import { AWKWARD_KEYS, drawMutations, put, puts } from "../generate.js";
import type { Law } from "../law.js";
import { byUtf8, keyOf, type Run, readRun } from "../runs.js";

export const keyOrder: Law = {
  name: "inKeyOrder",
  cases: {
    "said of a run from null, is said on every page and is true": async (bench) => {
      await fill(bench);
      for (const pageBytes of [1, 300, 1 << 20]) await assertOrder(bench, null, pageBytes);
    },

    "said of a run since a checkpoint, is said on every page and is true": async (bench) => {
      const { checkpoint: empty } = await bench.namespace.head();
      await bench.write(puts(30));
      const { checkpoint } = await bench.namespace.head();
      await fill(bench);
      for (const since of [empty, checkpoint]) {
        for (const pageBytes of [1, 300, 1 << 20]) await assertOrder(bench, since, pageBytes);
      }
    },

    "said of a run, stays true while others write": async (bench) => {
      await fill(bench);
      const { checkpoint } = await bench.namespace.head();
      await bench.write(puts(40).reverse());
      for (const since of [null, checkpoint]) {
        const writing = () => bench.write(drawMutations(bench.random, bench.clock.now(), 4));
        const run = await readRun(bench.namespace, since, { pageBytes: 200 }, async () => {
          await writing();
        });
        assertTrue(run);
      }
    },

    "said of a run without changes, is no lie either": async (bench) => {
      await assertOrder(bench, null, 100);
      const { checkpoint } = await bench.write([put("a")]);
      await assertOrder(bench, checkpoint, 100);
    },
  },
};

/** Keys that order tells apart, some overwritten, some deleted, in no order. */
async function fill(bench: Bench): Promise<void> {
  for (const key of bench.random.shuffle(AWKWARD_KEYS)) await bench.write([put(key, "1")]);
  for (let i = 0; i < 15; i++) {
    await bench.write(drawMutations(bench.random, bench.clock.now(), 6));
  }
}

async function assertOrder(
  { namespace }: Bench,
  since: Checkpoint | null,
  pageBytes: number,
): Promise<void> {
  assertTrue(await readRun(namespace, since, { pageBytes }));
}

function assertTrue({ pages, changes }: Run): void {
  const said = pages.filter((page) => page.inKeyOrder === true).length;
  if (said === 0) return;
  assert.equal(said, pages.length, "some pages say that they are in key order, some do not");
  const keys = changes.map(keyOf);
  for (let i = 1; i < keys.length; i++) {
    const [before, key] = [keys[i - 1] as string, keys[i] as string];
    assert.ok(byUtf8(before, key) < 0, `${JSON.stringify(key)} follows ${JSON.stringify(before)}`);
  }
}
