// The property: whatever is drawn, all agree with the oracle. Declared as tests of so many sequences each, which draw the
// same alone as among others; a replay is one test that goes straight to what a failure has named.
import fc from "fast-check";
import { deriveSeed, seedOfRun } from "../random.js";
import type { Runner } from "../runner.js";
import { sequences } from "./arbitrary.js";
import { type Drawn, failureOf, placeFromText } from "./failure.js";

/** What is drawn, and how it is played. */
export interface Property<Way, One> {
  readonly name: string;
  readonly way: fc.Arbitrary<Way>;
  /** What a failure says of the way, e.g. ", buffered up to 4 KiB"; may be "". */
  readonly tell: (way: Way) => string;
  readonly step: fc.Arbitrary<One>;
  /** Each time in a world of its own. */
  readonly play: (way: Way, sequence: readonly One[]) => Promise<void>;
}

export interface SequenceOptions {
  /** Sequences in all; NADB_MODEL_RUNS in the environment takes its place. */
  readonly runs: number;
  /** Operations in a sequence. */
  readonly operations: number;
  /** Sequences in one test of the runner, which has a limit of time for each. */
  readonly runsPerTest: number;
  /** Shorter sequences tried once one has failed, for a test must come to its end in time. */
  readonly shrinkTries: number;
  /** Where drawing begins. Default: NADB_SEED in the environment, else always the same. */
  readonly seed?: number;
}

export function declareTests<Way, One>(
  runner: Runner,
  property: Property<Way, One>,
  options: SequenceOptions,
): void {
  const { seed = seedOfRun(), runsPerTest } = options;
  const run = async (parameters: fc.Parameters<Drawn<Way, One>>): Promise<void> => {
    const details = await check(property, options, parameters);
    if (details.failed) throw failureOf(details, property.tell, seed);
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
    const place = { seed: deriveSeed(seed, `${property.name} ${name}`) | 0 };
    runner.it(name, () => run({ ...place, numRuns: Math.min(runsPerTest, runs - first) }));
  }
}

async function check<Way, One>(
  { way, step, play }: Property<Way, One>,
  { operations, shrinkTries }: SequenceOptions,
  parameters: fc.Parameters<Drawn<Way, One>>,
): Promise<fc.RunDetails<Drawn<Way, One>>> {
  let triesLeft = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(way, sequences(step, operations), async (...drawn) => {
    if (triesLeft-- <= 0) return;
    try {
      await play(...drawn);
    } catch (error) {
      triesLeft = Math.min(triesLeft, shrinkTries);
      throw error;
    }
  });
  return fc.check(property, parameters);
}

function runsAsked(usual: number): number {
  const text = process.env.NADB_MODEL_RUNS ?? "";
  const runs = text === "" ? usual : Number(text);
  if (Number.isSafeInteger(runs) && runs > 0) return runs;
  throw new TypeError(`NADB_MODEL_RUNS ${text} is not a whole number above 0`);
}
