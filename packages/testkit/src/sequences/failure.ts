// What a failed property tells: the shortest sequence found, why it fails, and how to see it again.
import type fc from "fast-check";

/** In what way a sequence is played, and the sequence. */
export type Drawn<Way, One> = [way: Way, sequence: readonly One[]];

/** Where a property failed: what fast-check needs to go straight there. */
export interface Place {
  readonly seed: number;
  readonly path: string;
}

const placeToText = ({ seed, path }: Place): string => `${seed}/${path}`;

/** Reads what a failure has printed. */
export function placeFromText(text: string): Place {
  const found = /^(-?\d+)\/([\d:]+)$/.exec(text);
  if (found === null) throw new TypeError(`NADB_MODEL_REPLAY ${text} is not what a failure prints`);
  return { seed: Number(found[1]), path: found[2] as string };
}

/** @param tell says after "in 5 operations" what there is to say of the way. */
export function failureOf<Way, One>(
  details: fc.RunDetails<Drawn<Way, One>>,
  tell: (way: Way) => string,
  seedOfSuite: number,
): Error {
  const { counterexample, counterexamplePath, errorInstance, seed } = details;
  if (counterexample === null) return new Error(`no sequence was run: ${String(errorInstance)}`);
  const [way, sequence] = counterexample;
  const place = placeToText({ seed, path: counterexamplePath ?? "" });
  const lines = [
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    `in ${sequence.length} operations${tell(way)}:`,
    ...sequence.map((step, i) => `  ${i + 1}. ${step}`),
    `(repeat with NADB_SEED=${seedOfSuite}, or this test alone with NADB_MODEL_REPLAY=${place})`,
  ];
  return new Error(lines.join("\n"), { cause: errorInstance });
}
