// A contest: one piece of work done by several stores in turns, the first of them set beside each other.
//
//   contest   := { what, contenders }
//   contender := { store, samples: [{ count, seconds } | { bytes }], unlike?, goal? }
//   goal      := { perSecond } | { milliseconds } of a contender itself, or { ratio } of the first to it
import { measure } from "./measure.mjs";

/** Of a sample's seconds, for the round that does not count. */
const WARMING = 0.2;

/** `contenders`: `{ store, sample(seconds) → a sample, unlike?, goal? }`, NADB first. */
export async function contest(what, contenders, { rounds, seconds, note }) {
  const inRound = (sample) => (round) => sample(round === 0 ? seconds * WARMING : seconds);
  const samples = await measure(
    Object.fromEntries(contenders.map(({ store, sample }) => [store, inRound(sample)])),
    { runs: rounds, note: (text) => note(`${what}: ${text}`) },
  );
  return {
    what,
    contenders: contenders.map(({ store, unlike, goal }) => ({
      store,
      samples: samples[store],
      ...(unlike && { unlike }),
      ...(goal && { goal }),
    })),
  };
}

/** A contest about bytes, which are the same in every round. `sizes`: `{ store, bytes, unlike? }`. */
export const contestOfBytes = (what, sizes) => ({
  what,
  contenders: sizes.map(({ bytes, ...rest }) => ({ ...rest, samples: [{ bytes }] })),
});
