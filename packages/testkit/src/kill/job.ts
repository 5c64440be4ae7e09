// What the workers of a program share while it waits to be killed.
import type { KeyValueStore } from "@nadb/core";
import type { Line } from "./lines.js";

export interface Job {
  /** What the keys of this program begin with. */
  readonly prefix: string;
  readonly first: number;
  /** The number of the next write; it is the time, too. */
  next: number;
  running: boolean;
  /** Written when this returns, so that a kill right after it can not take the line back. */
  readonly tell: (line: Line) => void;
}

/** Works until the job runs no longer. */
export type Worker = (store: KeyValueStore, job: Job) => Promise<void>;

/** Lets others work. */
export const turn = (): Promise<void> => new Promise(setImmediate);
