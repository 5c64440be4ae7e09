// One sequence of backups, from empty stores to the last proof: every backup that is left verifies and restores into the
// other engine.
import type { Step } from "../sequences/step.js";
import { assertSound } from "./keeping.js";
import { assertRestored } from "./restoring.js";
import type { Site } from "./site.js";
import type { Taken } from "./taken.js";

/** Fails at the first step after which a store or the repository is not what the oracle says. */
export async function play(site: Site, sequence: readonly Step<Site>[]): Promise<void> {
  try {
    await site.open();
    for (const step of sequence) await playStep(site, step);
    await site.assertListed();
    for (const taken of site.taken)
      await told(`at the end, ${taken.backupId}`, () => prove(site, taken));
    for (const place of site.places) {
      await place.checkHead();
      await place.assertHolds();
    }
  } finally {
    await site.close();
  }
}

const playStep = (site: Site, step: Step<Site>): Promise<void> =>
  told(`${step}`, async () => {
    await step.run(site);
    for (const place of site.places) await place.check();
  });

async function prove({ proof }: Site, taken: Taken): Promise<void> {
  await assertSound(proof.backups, taken);
  const options = { clearExisting: true };
  const done = await proof.backups.restoreBackup(taken.backupId, options);
  await assertRestored(taken, proof, options, done);
  await proof.assertHolds();
}

async function told(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error) error.message = `${what}: ${error.message}`;
    throw error;
  }
}
