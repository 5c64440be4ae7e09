// The property: whatever is drawn, store and oracle agree. Each sequence has a bench of its own, and so storage of its own.
import fc from "fast-check";
import { Bench } from "../bench.js";
import type { OpenBackend } from "../environment.js";
import { seeded } from "../random.js";
import { anyStep } from "./all-steps.js";
import { sequences } from "./arbitrary.js";
import type { Drawn } from "./failure.js";
import { play } from "./play.js";
import type { Step } from "./step.js";

export interface CheckOptions {
  readonly bufferKib: fc.Arbitrary<number | undefined>;
  readonly operations: number;
  /** Shorter sequences tried once one has failed. */
  readonly shrinkTries: number;
  readonly parameters: fc.Parameters<Drawn>;
}

export async function checkSequences(
  open: OpenBackend,
  { bufferKib, operations, shrinkTries, parameters }: CheckOptions,
): Promise<fc.RunDetails<Drawn>> {
  let triesLeft = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(bufferKib, sequences(anyStep, operations), async (...drawn) => {
    if (triesLeft-- <= 0) return;
    try {
      await playOn(open, ...drawn);
    } catch (error) {
      triesLeft = Math.min(triesLeft, shrinkTries);
      throw error;
    }
  });
  return fc.check(property, parameters);
}

const playOn = (
  open: OpenBackend,
  bufferKib: number | undefined,
  sequence: readonly Step[],
): Promise<void> =>
  Bench.use(open, seeded(0), async (bench) => {
    const { buffering, transactions } = bench.capabilities;
    if (bufferKib !== undefined && !(buffering && transactions)) return;
    await play(bench, sequence, bufferKib);
  });
