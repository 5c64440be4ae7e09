// Measuring: every contender once per round, in turns, so that a slow minute of the machine hits all of them.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

/** The seconds that `work` takes, `count` pieces of it. */
export async function timed(count, work) {
  collectGarbage();
  const started = performance.now();
  await work();
  return { count, seconds: (performance.now() - started) / 1000 };
}

/**
 * Runs `contenders`, functions by name that answer what `timed` does, `runs` times each after one round that
 * does not count (the code gets hot, files get cached). Answers the samples by name.
 */
export async function measure(contenders, { runs, note = () => {} }) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= runs; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      note(`${name}, ${round === 0 ? "warming up" : `run ${round} of ${runs}`}`);
      const sample = await contenders[name]();
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
