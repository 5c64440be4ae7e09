// Steps that restore: any backup into any place, of a chosen part, in every mode; first the plan, then the deed.
import assert from "node:assert/strict";
import type { Restoration, RestoreOptions } from "@nadb/backup";
import type { Checkpoint, NadbError } from "@nadb/core";
import fc from "fast-check";
import { measure, measured } from "../runs.js";
import { KEYS, TAGS } from "../sequences/draws.js";
import { steps } from "../sequences/step.js";
import { at, meanwhile, pick, withMeanwhile } from "./draws.js";
import { expectPlan, expectRestore } from "./expectation.js";
import type { Place } from "./place.js";
import type { Site } from "./site.js";
import type { Taken } from "./taken.js";

const ttl = fc.constantFrom("keep" as const, "extend" as const, "strip" as const);
const mode = fc.oneof(
  fc.record({ clearExisting: fc.constant(true) }),
  fc.record({
    onConflict: fc.constantFrom(
      "overwrite" as const,
      "keep-existing" as const,
      "keep-newer" as const,
    ),
  }),
);
const filter = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({
      prefixes: fc.subarray(["a", "key:", "k", "\u{1f600}", ""], { maxLength: 2 }),
      keys: fc.subarray([...KEYS], { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ tags: fc.subarray([...TAGS], { maxLength: 2 }) }) },
);
const options: fc.Arbitrary<RestoreOptions> = fc
  .tuple(mode, filter, fc.record({ ttl, verifyIntegrity: fc.boolean() }, { requiredKeys: [] }))
  .map(([how, what, rest]) => ({ ...how, ...what, ...rest }));

const drawnRestore = fc.record({ at, backup: pick, options, meanwhile });

export const restore = steps("restore", drawnRestore, async (site: Site, drawn) => {
  const taken = site.picked(drawn.backup);
  if (taken === undefined) return;
  const { options, meanwhile } = drawn;
  const place = site.place(drawn.at);
  await assertPlan(taken, place, options);
  const { checkpoint } = await place.store.storage.head();
  const outcome = await withMeanwhile(place, meanwhile, (signal) =>
    place.backups.restoreBackup(taken.backupId, { ...options, signal }),
  );
  if ("refused" in outcome) assertMayRefuse(outcome.refused, place, checkpoint);
  if ("done" in outcome) {
    assert.ok(!outcome.gaveUp, "a restore that was given up before it showed is there");
    await assertRestored(taken, place, options, outcome.done);
  }
  await place.assertHolds();
});

/** A namespace that begins to be while it is loaded may refuse the load. */
function assertMayRefuse(error: NadbError, place: Place, before: Checkpoint): void {
  if (error.code !== "NADB_CONFLICT" || before !== place.beginning) throw error;
}

async function assertPlan(taken: Taken, place: Place, options: RestoreOptions): Promise<void> {
  const {
    add,
    change,
    same,
    skip,
    delete: deleted,
    bytes,
    filtered,
    expired,
  } = await place.backups.planRestore(taken.backupId, options);
  assert.deepEqual(
    { add, change, same, skip, delete: deleted, bytes, filtered, expired },
    expectPlan(taken, place, options),
    "the plan of the restore",
  );
}

/** Does it to the oracle, too. REQUIRES: what was written meanwhile was written before the restore showed. */
export async function assertRestored(
  taken: Taken,
  place: Place,
  options: RestoreOptions,
  { recordCount, skipped, filtered, expired, stateDigest, head }: Restoration,
): Promise<void> {
  const expected = expectRestore(taken, place, options);
  assert.deepEqual(
    { recordCount, skipped, filtered, expired },
    {
      recordCount: expected.written.length,
      skipped: expected.loaded.length - expected.written.length,
      filtered: expected.filtered,
      expired: expected.expired,
    },
    "what the restore tells",
  );
  const loaded = measure(versioned(expected.loaded));
  assert.equal(stateDigest, loaded.digest, "the digest of what was restored");
  assert.deepEqual(head, await place.store.storage.head(), "the head the restore tells");
  if (options.clearExisting) {
    assert.deepEqual(measured(head), loaded, "the head of what was restored");
    place.oracle.clear();
    place.lineage.replaced();
  }
  place.oracle.load(versioned(expected.written));
}

const versioned = <T>(records: readonly T[]): (T & { version: number })[] =>
  records.map((record) => ({ ...record, version: 1 }));
