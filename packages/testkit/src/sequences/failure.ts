// What a failed property tells: the shortest sequence found, why it fails, and how to see it again.
import type fc from "fast-check";
import type { Step } from "./step.js";

/** Of a buffer in KiB, if any, and a sequence. */
export type Drawn = [bufferKib: number | undefined, sequence: readonly Step[]];

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

export function failureOf(details: fc.RunDetails<Drawn>, seedOfSuite: number): Error {
  const { counterexample, counterexamplePath, errorInstance, seed } = details;
  if (counterexample === null) return new Error(`no sequence was run: ${String(errorInstance)}`);
  const [bufferKib, sequence] = counterexample;
  const buffered = bufferKib === undefined ? "" : `, buffered up to ${bufferKib} KiB`;
  const place = placeToText({ seed, path: counterexamplePath ?? "" });
  const lines = [
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    `in ${sequence.length} operations${buffered}:`,
    ...sequence.map((step, i) => `  ${i + 1}. ${step}`),
    `(repeat with NADB_SEED=${seedOfSuite}, or this test alone with NADB_MODEL_REPLAY=${place})`,
  ];
  return new Error(lines.join("\n"), { cause: errorInstance });
}
