import type { Bench } from "./bench.js";

/** One promise of the contract: its name, and the cases that test it, each a sentence that goes on from the name. */
export interface Law {
  readonly name: string;
  readonly cases: Readonly<Record<string, (bench: Bench) => Promise<void>>>;
}
