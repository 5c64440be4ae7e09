// One operation of a sequence: what it does to the world, and how a failure tells it.
import type fc from "fast-check";
import type { World } from "./world.js";

export interface Step {
  /** Does it to the store and to the oracle, and fails where the two disagree. */
  run(world: World): Promise<void>;
  /** As a failure prints it: `set({"key":"a","text":"x"})`. */
  toString(): string;
}

/** Steps of one kind; `run` gets what was drawn. */
export const steps = <Drawn>(
  name: string,
  drawn: fc.Arbitrary<Drawn>,
  run: (world: World, drawn: Drawn) => Promise<void>,
): fc.Arbitrary<Step> =>
  drawn.map((it) => ({
    run: (world) => run(world, it),
    toString: () => `${name}(${it === undefined ? "" : JSON.stringify(it)})`,
  }));
