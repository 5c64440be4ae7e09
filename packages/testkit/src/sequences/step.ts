// One operation of a sequence: what it does to the world, and how a failure tells it.
import type fc from "fast-check";
import type { World } from "./world.js";

export interface Step<In = World> {
  /** Does it to the store and to the oracle, and fails where the two disagree. */
  run(world: In): Promise<void>;
  /** As a failure prints it: `set({"key":"a","text":"x"})`. */
  toString(): string;
  /** The same, for a step that is part of another. */
  toJSON(): string;
}

/** Steps of one kind; `run` gets what was drawn. */
export const steps = <Drawn, In = World>(
  name: string,
  drawn: fc.Arbitrary<Drawn>,
  run: (world: In, drawn: Drawn) => Promise<void>,
): fc.Arbitrary<Step<In>> =>
  drawn.map((it) => {
    const told = (): string => `${name}(${it === undefined ? "" : JSON.stringify(it)})`;
    return { run: (world) => run(world, it), toString: told, toJSON: told };
  });
