// What must be left of a damaged chain, told without any of the salvage's code: a part whose bytes are still there, all of
// them and in one piece, is whole.
import { changeKey, compareUtf8, type EncodedChange, isTombstone } from "@nadb/core";
import type { SalvageLoss } from "../../src/index.js";
import type { Files } from "./overlay.js";
import { changesIn, type SceneRun } from "./salvage-scenes.js";

export type State = ReadonlyMap<string, EncodedChange>;

/** Of each run, what is left. */
export const leftOf = (runs: readonly SceneRun[], files: Files): (readonly EncodedChange[])[] =>
  runs.map((run) => {
    const file = files.get(run.path);
    if (file === undefined) return [];
    const bytes = Buffer.from(file);
    return run.parts
      .filter((part) => bytes.includes(Buffer.from(part.bytes)))
      .flatMap((part) => part.changes);
  });

/** Of each key the newest change that any run has. @param runs oldest first. */
export function newestOf(runs: readonly (readonly EncodedChange[])[]): Map<string, EncodedChange> {
  const newest = new Map<string, EncodedChange>();
  for (const run of runs) for (const change of run) newest.set(changeKey(change), change);
  return newest;
}

export const recordsIn = (newest: State): Map<string, EncodedChange> =>
  new Map([...newest].filter(([, change]) => !isTombstone(change)));

export const truthOf = (runs: readonly SceneRun[]): Map<string, EncodedChange> =>
  recordsIn(newestOf(runs.map(changesIn)));

export const isSame = (a: EncodedChange | undefined, b: EncodedChange | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;

export const covers = ({ keys: { after, before } }: SalvageLoss, key: string): boolean =>
  (after === null || compareUtf8(after, key) < 0) &&
  (before === null || compareUtf8(key, before) < 0);

/** Keys that two states do not agree on. */
export const differing = (a: State, b: State): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((key) => !isSame(a.get(key), b.get(key)));
