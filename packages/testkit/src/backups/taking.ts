// Steps that take backups: fulls, and incrementals on any backup there is, those of other namespaces, of another engine
// and of content that is gone included.
import assert from "node:assert/strict";
import type { BackupInfo, CreateBackupOptions } from "@nadb/backup";
import type { ErrorCode } from "@nadb/core";
import fc from "fast-check";
import { steps } from "../sequences/step.js";
import { at, type Meanwhile, meanwhile, type Outcome, pick, withMeanwhile } from "./draws.js";
import type { Instant, Place } from "./place.js";
import type { PlaceName, Site } from "./site.js";
import { assertTaken, type Taken } from "./taken.js";

/** How a backup is written; a chain may have links of each kind. */
interface Written {
  readonly format: "pack" | "json";
  readonly compression: boolean;
}

const as: fc.Arbitrary<Written> = fc.record({
  format: fc.constantFrom("pack" as const, "pack" as const, "json" as const),
  compression: fc.boolean(),
});

interface Drawn {
  readonly at: PlaceName;
  readonly as: Written;
  readonly meanwhile: Meanwhile;
}

const common = { at, as, meanwhile };

interface Attempt {
  readonly outcome: Outcome<BackupInfo>;
  /** Those the cut may be of. */
  readonly instants: readonly Instant[];
}

/** Without transactions a cut may be of no one instant, so nothing is written meanwhile. */
async function attempt(
  site: Site,
  drawn: Drawn,
  create: (options: CreateBackupOptions) => Promise<BackupInfo>,
): Promise<Attempt> {
  const place = site.place(drawn.at);
  const instants = [await place.instant()];
  const options = { ...drawn.as, backupId: site.newId() };
  const outcome = await withMeanwhile(
    place,
    place.isTransactional ? drawn.meanwhile : { ...drawn.meanwhile, writes: [] },
    (signal) => create({ ...options, signal }),
    async () => void instants.push(await place.instant()),
  );
  return { outcome, instants };
}

async function remember(
  site: Site,
  place: Place,
  info: BackupInfo,
  parent: Taken | undefined,
  instants: readonly Instant[],
): Promise<void> {
  const taken = await assertTaken(info, place, parent, instants);
  site.taken.push(taken);
  place.lineage.took(taken);
}

export const full = steps("full", fc.record(common), async (site: Site, drawn) => {
  const place = site.place(drawn.at);
  const { outcome, instants } = await attempt(site, drawn, (options) =>
    place.backups.createBackup(options),
  );
  if ("refused" in outcome) throw outcome.refused;
  if ("done" in outcome) await remember(site, place, outcome.done, undefined, instants);
  await site.assertListed();
});

const drawnIncremental = fc.record({
  ...common,
  parent: pick,
  fallbackToFull: fc.boolean(),
  skipUnchanged: fc.boolean(),
});

export const incremental = steps("incremental", drawnIncremental, async (site: Site, drawn) => {
  const parent = site.picked(drawn.parent);
  if (parent === undefined) return;
  const place = site.place(drawn.at);
  const { fallbackToFull, skipUnchanged } = drawn;
  const { outcome, instants } = await attempt(site, drawn, (options) =>
    place.backups.createIncrementalBackup(parent.backupId, {
      ...options,
      fallbackToFull,
      skipUnchanged,
    }),
  );
  const refusal = refusalOf(place, parent);
  if ("refused" in outcome) {
    if (outcome.refused.code !== refusal) throw outcome.refused;
    if (refusal === "NADB_CHECKPOINT_EXPIRED") assert.ok(!fallbackToFull, "no full was taken");
  } else if ("done" in outcome) {
    const [before] = instants as [Instant];
    const mustSkip = skipUnchanged && before.head.checkpoint === parent.checkpoint;
    assert.equal(outcome.done.backupId === parent.backupId, mustSkip, "no backup was taken");
    if (!mustSkip) await goOn(site, drawn, parent, outcome.done, instants);
  }
  await site.assertListed();
});

async function goOn(
  site: Site,
  drawn: { readonly at: PlaceName; readonly fallbackToFull: boolean },
  parent: Taken,
  info: BackupInfo,
  instants: readonly Instant[],
): Promise<void> {
  const place = site.place(drawn.at);
  const wentOn = info.backupType === "incremental" ? parent : undefined;
  assertMayGoOn(place, parent, wentOn, drawn);
  await remember(site, place, info, wentOn, instants);
}

/** How an incremental on this parent must be refused. */
function refusalOf(place: Place, parent: Taken): ErrorCode | undefined {
  const isOfAnother =
    parent.place.id.db !== place.id.db || parent.place.id.namespace !== place.id.namespace;
  if (isOfAnother) return "NADB_INVALID_ARGUMENT";
  return place.lineage.reachesBackTo(parent) ? undefined : "NADB_CHECKPOINT_EXPIRED";
}

function assertMayGoOn(
  place: Place,
  parent: Taken,
  wentOn: Taken | undefined,
  { fallbackToFull }: { readonly fallbackToFull: boolean },
): void {
  const refusal = refusalOf(place, parent);
  const fromBeginning = parent.checkpoint === parent.place.beginning;
  if (wentOn !== undefined && fromBeginning && refusal !== "NADB_INVALID_ARGUMENT") return;
  const expected = refusal === undefined ? parent : undefined;
  assert.equal(wentOn?.backupId, expected?.backupId, "the backup that this one goes on from");
  if (refusal === undefined) return;
  assert.equal(refusal, "NADB_CHECKPOINT_EXPIRED", "an incremental on another's backup");
  assert.ok(fallbackToFull, "a full that nobody asked for");
}
