// The promise that makes a hot backup possible: a run read while others write is one instant.
import assert from "node:assert/strict";
import type { Checkpoint, Mutation } from "@nadb/core";
import { turn, whileRunning } from "../alongside.js";
import type { Bench } from "../bench.js";
import { drawMutations, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import {
  applyRun,
  assertEndsTrue,
  keyOf,
  type Run,
  readRun,
  readState,
  type State,
} from "../runs.js";

export const changesConcurrent: Law = {
  name: "changes while others write",
  cases: {
    "from null equal the instant they end at": async (bench) => {
      await bench.write(puts(60));
      const run = await readRun(bench.namespace, null, { pageBytes: 150 }, disturbance(bench));
      assertEndsTrue(run);
      await assertJoinsThePresent(bench, run, applyRun(new Map(), run));
    },

    "since a checkpoint equal the instant they end at": async (bench) => {
      await bench.write(puts(60));
      const { checkpoint } = await bench.namespace.head();
      const state = await readState(bench.namespace);
      await bench.write([...puts(40), remove("key00050"), put("new")]);
      const run = await readRun(
        bench.namespace,
        checkpoint,
        { pageBytes: 150 },
        disturbance(bench),
      );
      assertEndsTrue(run, state);
      await assertJoinsThePresent(bench, run, state);
    },

    "name each key once (if snapshots)": async (bench) => {
      if (!bench.capabilities.snapshots) return;
      await bench.write(puts(60));
      const run = await readRun(bench.namespace, null, { pageBytes: 150 }, disturbance(bench));
      const keys = run.changes.map(keyOf);
      assert.equal(new Set(keys).size, keys.length, "a key stands in the run twice");
    },

    "lose nothing from run to run": async (bench) => {
      const copy: State = new Map();
      let since: Checkpoint | null = null;
      await whileRunning(Promise.all([1, 2, 3].map(() => write(bench, 25))), async () => {
        const run = await readRun(bench.namespace, since, { pageBytes: 300 }, turn);
        assertEndsTrue(run, copy);
        since = run.end.checkpoint;
      });
      applyRun(copy, await readRun(bench.namespace, since));
      assert.deepEqual(copy, await readState(bench.namespace));
    },

    "end in time though every page is followed by a commit": async (bench) => {
      await bench.write(puts(30));
      let commits = 0;
      const run = await readRun(bench.namespace, null, { pageBytes: 2_000 }, async () => {
        assert.ok(commits < 300, "the run does not come to an end");
        await bench.namespace.commit([put(`late${commits++}`)]);
      });
      assertEndsTrue(run);
    },
  },
};

/** Between two pages: overwrites, deletes and adds, both behind the reader and before it. */
function disturbance(bench: Bench): () => Promise<void> {
  let pages = 0;
  return async () => {
    if (pages++ >= 30) return;
    const { key } = bench.random.pick(puts(60));
    const mutations: Mutation[] = [
      remove(`key${String(pages).padStart(5, "0")}`),
      put(`key${String(60 - pages).padStart(5, "0")}`, `after page ${pages}`),
      put(key, "drawn", { expiresAt: bench.clock.now() + 3 }),
      put(`new${pages}`),
    ];
    await bench.write(lastOfEachKey(mutations));
    bench.clock.advance(1);
    await bench.namespace.sweep(bench.clock.now(), 1);
  };
}

const lastOfEachKey = (mutations: readonly Mutation[]): Mutation[] => [
  ...new Map(mutations.map((mutation) => [mutation.key, mutation])).values(),
];

/** What came after the run's end, laid over the state there, is what stands now. */
async function assertJoinsThePresent(bench: Bench, run: Run, state: State): Promise<void> {
  const rest = await readRun(bench.namespace, run.end.checkpoint);
  assertEndsTrue(rest, state);
  assert.deepEqual(state, await readState(bench.namespace));
}

async function write(bench: Bench, commits: number): Promise<void> {
  for (let i = 0; i < commits; i++) {
    await bench.write(drawMutations(bench.random, bench.clock.now(), 4));
    await turn();
  }
}
