// Everything together: drawn operations of every kind, against the oracle.
import type { Bench } from "../bench.js";
import { drawForeignRecord, drawMutations, drawTag, encodeAll } from "../generate.js";
import type { Law } from "../law.js";
import { Model } from "../model.js";
import { applyRun, assertEndsTrue, readRun, type State } from "../runs.js";

type Step = (bench: Bench, model: Model) => Promise<void> | void;

export const model: Law = {
  name: "any history",
  cases: {
    "of commits, expiry, sweeps, loads and trims reads as the oracle says": (bench) =>
      live(bench, 250),
  },
};

async function live(bench: Bench, steps: number): Promise<void> {
  const oracle = new Model();
  const follower = follow(bench);
  for (let i = 0; i < steps; i++) {
    await bench.random.pick(STEPS)(bench, oracle);
    if (i % 5 === 0) await oracle.assertHolds(bench.namespace, bench.clock.now());
    if (i % 7 === 0) await oracle.assertAnswers(bench.namespace, query(bench), bench.clock.now());
    if (bench.random.oneIn(6)) await follower();
  }
  await oracle.assertHolds(bench.namespace, bench.clock.now());
}

const commits: Step = async (bench, oracle) => {
  const mutations = drawMutations(bench.random, bench.clock.now(), 6);
  await bench.write(mutations);
  oracle.apply(mutations, bench.clock.now());
};

const loads =
  (kind: "replace" | "merge", outcome: "commit" | "abort"): Step =>
  async (bench, oracle) => {
    const { namespace, random, clock } = bench;
    const records = Array.from({ length: 12 }, () => drawForeignRecord(random, clock.now()));
    const load = await namespace[kind]();
    await load.put(encodeAll(records.slice(0, 5)));
    await load.put(encodeAll(records.slice(5)));
    await load[outcome]();
    if (outcome === "abort") return;
    if (kind === "replace") oracle.clear();
    oracle.load(records);
  };

const STEPS: readonly Step[] = [
  ...Array.from({ length: 8 }, () => commits),
  ...Array.from(
    { length: 3 },
    (): Step =>
      ({ clock, random }) =>
        clock.advance(random.int(900)),
  ),
  async ({ namespace, clock, random }) => {
    await namespace.sweep(clock.now(), 1 + random.int(4));
  },
  async ({ namespace }) => namespace.trim((await namespace.head()).checkpoint),
  async (bench) => {
    if (bench.outlivesClose && bench.random.oneIn(3)) await bench.reopen();
  },
  loads("merge", "commit"),
  loads("merge", "abort"),
  loads("replace", "abort"),
  loads("replace", "commit"),
];

/** Keeps a copy by runs alone, as backups do; where the feed no longer reaches back it begins anew. */
function follow(bench: Bench): () => Promise<void> {
  let copy: State = new Map();
  let since: string | null = null;
  return async () => {
    try {
      await catchUp();
    } catch (error) {
      if ((error as { code?: string }).code !== "NADB_CHECKPOINT_EXPIRED") throw error;
      [copy, since] = [new Map(), null];
      await catchUp();
    }
  };

  async function catchUp(): Promise<void> {
    const run = await readRun(bench.namespace, since);
    assertEndsTrue(run, copy);
    since = run.end.checkpoint;
    applyRun(copy, run);
  }
}

const query = ({ random }: Bench) => ({
  any: [drawTag(random), drawTag(random)],
  limit: 1 + random.int(5),
});
