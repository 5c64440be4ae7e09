import assert from "node:assert/strict";
import type { Checkpoint, Mutation } from "@nadb/core";
import { assertAscending } from "../assertions.js";
import type { Bench } from "../bench.js";
import { drawMutations, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import {
  applyRun,
  assertEndsTrue,
  keyOf,
  readRun,
  readState,
  type State,
  versionOf,
} from "../runs.js";

export const changesSince: Law = {
  name: "changes since a checkpoint",
  cases: {
    "are what was changed since, deletes as tombstones": async (bench) => {
      await bench.write(puts(50));
      const { checkpoint } = await bench.namespace.head();
      bench.clock.advance(500);
      await bench.write([put("key00007", "new"), remove("key00003"), put("added")]);
      const { changes, end } = await readRun(bench.namespace, checkpoint);
      assert.deepEqual(changes.map(keyOf).sort(), ["added", "key00003", "key00007"]);
      const [tombstone] = changes.flatMap((one) => (one.type === "tombstone" ? one.tombstone : []));
      assert.deepEqual([tombstone?.key, tombstone?.deletedAt], ["key00003", bench.clock.now()]);
      assert.deepEqual(end, await bench.namespace.head());
    },

    "of which there are none are one page: its end": async ({ namespace }) => {
      const { checkpoint } = await namespace.commit([put("a")]);
      const run = await readRun(namespace, checkpoint);
      assert.equal(run.pages.length, 1);
      assert.deepEqual(run.changes, []);
      assert.deepEqual(run.end, await namespace.head());
      assert.equal(run.end.checkpoint, checkpoint);
    },

    "show a key at its latest": async (bench) => {
      const { checkpoint } = await bench.write(puts(3));
      await commitEach(bench, [put("a", "1"), put("a", "2"), remove("key00000"), put("key00000")]);
      await commitEach(bench, [put("key00001", "2"), remove("key00001")]);
      const { changes } = await readRun(bench.namespace, checkpoint);
      const latest = new Map(changes.map((change) => [keyOf(change), change]));
      assert.deepEqual([...latest.keys()].sort(), ["a", "key00000", "key00001"]);
      assert.equal(latest.get("a")?.type, "record");
      assert.equal(latest.get("key00000")?.type, "record");
      assert.equal(latest.get("key00001")?.type, "tombstone");
      if (bench.capabilities.snapshots) assert.equal(changes.length, 3);
    },

    "exclude the checkpoint itself: one run joins the next": async (bench) => {
      const versions: number[] = [];
      let since: Checkpoint | null = null;
      for (const one of puts(10)) {
        await bench.namespace.commit([one]);
        const run = await readRun(bench.namespace, since);
        versions.push(...run.changes.map(versionOf));
        since = run.end.checkpoint;
      }
      assert.equal(versions.length, 10, "a change fell between two runs, or stands in both");
    },

    "stand in the order of their versions (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const { checkpoint } = await bench.write(puts(12));
      for (let i = 0; i < 20; i++) {
        const [first, ...others] = bench.random.shuffle(puts(20)).slice(0, 4);
        await bench.write([...others, remove(first?.key ?? "")]);
      }
      const { changes } = await readRun(bench.namespace, checkpoint, { pageBytes: 100 });
      assertAscending(changes.map(versionOf), "versions in the feed");
    },

    "of any earlier cut lead from its content to the present": async (bench) => {
      const cuts = await history(bench, 25);
      const { namespace } = bench;
      for (const { checkpoint, state } of cuts) {
        const run = await readRun(namespace, checkpoint, { pageBytes: 200 });
        assertEndsTrue(run, state);
        assert.deepEqual(run.end, await namespace.head());
        assert.deepEqual(state, await readState(namespace));
      }
    },

    "one after the other keep a copy true": async (bench) => {
      const copy: State = new Map();
      let since: Checkpoint | null = null;
      for (let i = 0; i < 25; i++) {
        await bench.write(drawMutations(bench.random, bench.clock.now(), 6));
        bench.clock.advance(bench.random.int(1_500));
        await bench.namespace.sweep(bench.clock.now(), 2);
        const run = await readRun(bench.namespace, since);
        assertEndsTrue(run, copy);
        since = run.end.checkpoint;
      }
    },

    "never written to are everything since": async (bench) => {
      const { checkpoint } = await bench.namespace.head();
      assert.deepEqual((await readRun(bench.namespace, checkpoint)).changes, []);
      await bench.write(puts(5));
      await bench.namespace.commit([remove("key00002")]);
      const run = await readRun(bench.namespace, checkpoint);
      assertEndsTrue(run);
      assert.equal(applyRun(new Map(), run).size, 4);
    },

    "are served from a checkpoint of a run as from one of the head": async (bench) => {
      await bench.write(puts(5));
      const { checkpoint } = (await readRun(bench.namespace, null)).end;
      await bench.namespace.commit([put("a")]);
      assert.deepEqual((await readRun(bench.namespace, checkpoint)).changes.map(keyOf), ["a"]);
    },
  },
};

async function commitEach({ namespace }: Bench, mutations: readonly Mutation[]): Promise<void> {
  for (const mutation of mutations) await namespace.commit([mutation]);
}

interface Cut {
  readonly checkpoint: Checkpoint;
  readonly state: State;
}

/** Drawn commits, sweeps and pauses; the cuts on the way, each with what stood there. */
async function history(bench: Bench, steps: number): Promise<Cut[]> {
  const { namespace, random, clock } = bench;
  const cuts: Cut[] = [];
  for (let i = 0; i < steps; i++) {
    const { checkpoint } = await namespace.head();
    cuts.push({ checkpoint, state: await readState(namespace) });
    await bench.write(drawMutations(random, clock.now(), 6));
    clock.advance(random.int(1_000));
    if (random.oneIn(3)) await namespace.sweep(clock.now(), 3);
  }
  return cuts;
}
