// One sequence, from an empty store to the last check.
import type { Bench } from "../bench.js";
import type { Step } from "./step.js";
import { World } from "./world.js";

/** Fails at the first step after which store and oracle are not the same. */
export async function play(
  bench: Bench,
  sequence: readonly Step[],
  bufferKib?: number,
): Promise<void> {
  const world = new World(bench, bufferKib);
  try {
    await world.open();
    for (const step of sequence) await playStep(world, step);
    await world.follow();
    await world.checkHead();
    if (!world.isBuffered) await world.oracle.assertHolds(bench.namespace, world.now);
  } finally {
    await world.close();
    if (world.sync?.running) await world.sync.stop();
  }
}

async function playStep(world: World, step: Step): Promise<void> {
  try {
    await step.run(world);
    await world.check();
  } catch (error) {
    if (error instanceof Error) error.message = `${step}: ${error.message}`;
    throw error;
  }
}
