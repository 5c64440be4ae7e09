// The model suite: drawn sequences of everything a store can do, against a Map. What fails is made as short as fast-check
// can, and tells how to repeat it.
import fc from "fast-check";
import type { OpenBackend } from "../environment.js";
import { deriveSeed, seedOfRun } from "../random.js";
import type { Runner } from "../runner.js";
import { type Drawn, failureOf, placeFromText } from "./failure.js";
import { checkSequences } from "./property.js";

export interface ModelSuiteOptions {
  /** Sequences for each way of writing; NADB_MODEL_RUNS in the environment takes its place. Default 1,000. */
  readonly runs?: number;
  /** Operations in a sequence. Default 100. */
  readonly operations?: number;
  /** Sequences in one test of the runner, which has a limit of time for each. Default 25. */
  readonly runsPerTest?: number;
  /** Shorter sequences tried once one has failed, for a test must come to its end in time. Default 500. */
  readonly shrinkTries?: number;
  /** Where drawing begins. Default: NADB_SEED in the environment, else always the same. */
  readonly seed?: number;
}

interface Way {
  readonly name: string;
  /** `undefined`: every write is committed at once. */
  readonly bufferKib: fc.Arbitrary<number | undefined>;
}

const WAYS: readonly Way[] = [
  { name: "any sequence of operations", bufferKib: fc.constant(undefined) },
  { name: "any sequence of buffered operations", bufferKib: fc.constantFrom(1, 4, 1_024) },
];

/**
 * Declares tests that draw sequences of operations on a KeyValueStore over the backend (sets, deletes, conditions,
 * transactions, expiry on a clock of the suite's own, tag queries, the feed, trims, loads, closing and opening) and
 * compare every answer with a Map; with a sync as well when the backend says that buffering pays. A failure prints the
 * shortest sequence found, the seed (NADB_SEED) and the way straight there (NADB_MODEL_REPLAY).
 *
 * REQUIRES: a backend with transactions.
 *
 * @example
 * modelSuite({ describe, it }, ({ folder, clock }) => acmeBackend({ path: folder(), clock }), { runs: 100 });
 */
export function modelSuite(
  runner: Runner,
  open: OpenBackend,
  options: ModelSuiteOptions = {},
): void {
  for (const way of WAYS) runner.describe(way.name, () => declareTests(runner, open, way, options));
}

function declareTests(
  runner: Runner,
  open: OpenBackend,
  { name: way, bufferKib }: Way,
  options: ModelSuiteOptions,
): void {
  const { operations = 100, runsPerTest = 25, shrinkTries = 500, seed = seedOfRun() } = options;
  const run = async (parameters: fc.Parameters<Drawn>): Promise<void> => {
    const asked = { bufferKib, operations, shrinkTries, parameters };
    const details = await checkSequences(open, asked);
    if (details.failed) throw failureOf(details, seed);
  };
  const replay = process.env.NADB_MODEL_REPLAY ?? "";
  if (replay !== "") {
    const place = placeFromText(replay);
    runner.it("replayed", () => run({ ...place, endOnFailure: true }));
    return;
  }
  const runs = runsAsked(options.runs);
  for (let first = 0; first < runs; first += runsPerTest) {
    const name = `from the ${first + 1}. on`;
    const place = { seed: deriveSeed(seed, `${way} ${name}`) | 0 };
    runner.it(name, () => run({ ...place, numRuns: Math.min(runsPerTest, runs - first) }));
  }
}

function runsAsked(usual = 1_000): number {
  const text = process.env.NADB_MODEL_RUNS ?? "";
  const runs = text === "" ? usual : Number(text);
  if (Number.isSafeInteger(runs) && runs > 0) return runs;
  throw new TypeError(`NADB_MODEL_RUNS ${text} is not a whole number above 0`);
}
