// Measuring: every contender once per round, in turns, so that a slow minute of the machine hits all of them.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

/** The seconds that `work` takes, `count` pieces of it; of the clock, and those that this process had a processor. */
export async function timed(count, work) {
  collectGarbage();
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { count, seconds, cpuSeconds: (user + system) / 1e6 };
}

/**
 * Times `step(i)` for i from 0, `inFlight` at a time, `count` times at most and for no longer than `seconds`; then
 * `finish`, which counts, too. `pieces` tells of what a step
 * answers how many pieces of work it was.
 */
export async function timedEach(
  step,
  { count, seconds, inFlight = 1, finish = () => {}, pieces = () => 1 },
) {
  let [next, done] = [0, 0];
  const loop = async (end) => {
    while (next < count && performance.now() < end) {
      const answer = await step(next++);
      done += pieces(answer);
    }
  };
  const taken = await timed(0, async () => {
    const end = performance.now() + seconds * 1000;
    await Promise.all(Array.from({ length: inFlight }, () => loop(end)));
    await finish();
  });
  return { ...taken, count: done };
}

/**
 * Runs `contenders`, functions by name that answer what `timed` does, `runs` times each after one round that
 * does not count (the code gets hot, files get cached). They get the number of the round, 0 for that one. Answers the samples by name.
 */
export async function measure(contenders, { runs, note = () => {} }) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= runs; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      note(`${name}, ${round === 0 ? "warming up" : `run ${round} of ${runs}`}`);
      const sample = await contenders[name](round);
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
