// The model suite: drawn sequences of everything a store can do, against a Map. What fails is made as short as fast-check
// can, and tells how to repeat it.
import fc from "fast-check";
import { Bench } from "../bench.js";
import type { OpenBackend } from "../environment.js";
import { seeded } from "../random.js";
import type { Runner } from "../runner.js";
import { anyStep } from "./all-steps.js";
import { play } from "./play.js";
import { declareTests, type Property } from "./property.js";
import type { Step } from "./step.js";

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

/** In KiB; `undefined`: every write is committed at once. */
type BufferKib = number | undefined;

const WAYS: readonly (readonly [name: string, bufferKib: fc.Arbitrary<BufferKib>])[] = [
  ["any sequence of operations", fc.constant(undefined)],
  ["any sequence of buffered operations", fc.constantFrom(1, 4, 1_024)],
];

/**
 * Declares tests that draw sequences of operations on a KeyValueStore over the backend (sets, deletes, conditions,
 * transactions, expiry on a clock of the suite's own, tag queries, the feed, trims, loads, closing and opening) and
 * compare every answer with a Map; with a sync as well when the backend says that buffering pays. A failure prints the
 * shortest sequence found, the seed (NADB_SEED) and the way straight there (NADB_MODEL_REPLAY).
 *
 * On a backend without transactions each commit is of one key.
 *
 * @example
 * modelSuite({ describe, it }, ({ folder, clock }) => acmeBackend({ path: folder(), clock }), { runs: 100 });
 */
export function modelSuite(
  runner: Runner,
  open: OpenBackend,
  options: ModelSuiteOptions = {},
): void {
  const usual = { runs: 1_000, operations: 100, runsPerTest: 25, shrinkTries: 500 };
  for (const [name, way] of WAYS) {
    const property = propertyOf(name, way, open);
    runner.describe(name, () => declareTests(runner, property, { ...usual, ...options }));
  }
}

const propertyOf = (
  name: string,
  way: fc.Arbitrary<BufferKib>,
  open: OpenBackend,
): Property<BufferKib, Step> => ({
  name,
  way,
  tell: (bufferKib) => (bufferKib === undefined ? "" : `, buffered up to ${bufferKib} KiB`),
  step: anyStep,
  play: (bufferKib, sequence) => playOn(open, bufferKib, sequence),
});

/** Each sequence has a bench of its own, and so storage of its own. */
const playOn = (
  open: OpenBackend,
  bufferKib: BufferKib,
  sequence: readonly Step[],
): Promise<void> =>
  Bench.use(open, seeded(0), async (bench) => {
    const { buffering, transactions } = bench.capabilities;
    if (bufferKib !== undefined && !(buffering && transactions)) return;
    await play(bench, sequence, bufferKib);
  });
