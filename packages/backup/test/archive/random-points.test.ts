// Point-in-time recovery against an oracle of every cut: random histories with clocks that jump, restarts, kills, gaps,
// replaced contents, backups taken and deleted, compaction by a policy in three levels; then random targets.
import { describe, expect, it } from "vitest";
import { compact as compactSteps } from "../../src/archive/compact.js";
import type { ArchivePolicy } from "../../src/index.js";
import { neededByArchives } from "../../src/index.js";
import { ArchivedSite, type Cut } from "../support/archiving.js";
import { contentOf } from "../support/oracle.js";
import { type Random, SEED, seeded } from "../support/random.js";
import { openManager, openStore } from "../support/store.js";

const HISTORIES = 45;
const STEPS = 90;
/** Restored and compared; together more than 500. */
const RESTORES = 15;
/** Only planned. */
const LOOKUPS = 150;
const DAY = 86_400_000;

const POLICY: ArchivePolicy = [
  { everySeconds: 1, forSeconds: 20 },
  { everySeconds: 10, forSeconds: 300 },
  { everySeconds: 60, forSeconds: 3_600 },
];

async function write({ store }: ArchivedSite, random: Random): Promise<void> {
  const key = `k${random.int(12)}`;
  if (random.int(4) === 0) await store.delete(key);
  else await store.set(key, `value ${random.int(1_000_000)}`, { tags: [`t${random.int(3)}`] });
}

function moveClock({ clock }: ArchivedSite, random: Random): void {
  const draw = random.int(20);
  if (draw < 4) return; // equal timestamps
  if (draw < 14) clock.time += random.int(3_000);
  else if (draw < 17) clock.time += random.int(90_000);
  else if (draw < 18) clock.time += random.int(1_500_000);
  else if (draw < 19) clock.time -= random.int(30_000);
  else clock.time += random.int(3) === 0 ? (random.int(2) === 0 ? DAY : -DAY) : 0;
}

/** Beside whoever reads the feed: its cut is of a later time than the one at which the reading began. */
async function beside(site: ArchivedSite, random: Random): Promise<void> {
  if (random.int(3) > 0) return;
  site.clock.time += 1 + random.int(2_000);
  await write(site, random);
}

/** How often each kind of step was taken. */
const compacted = { merged: 0, removed: 0, rebased: 0 };

async function compact(site: ArchivedSite): Promise<void> {
  const { follower, clock, store } = site;
  if (follower === undefined) return;
  const { repository, lease } = follower;
  site.age(clock.time);
  const host = { repository, target: repository.target, lease, clock: clock.now };
  for await (const { type } of compactSteps(host, store.storage.id, POLICY)) compacted[type]++;
}

async function deleteSome(site: ArchivedSite, random: Random): Promise<void> {
  site.age(Number.POSITIVE_INFINITY); // a backup is needed by no point that the newest one has made too old
  const { repository } = site.manager;
  const backups = await repository.list();
  const needed = await neededByArchives(repository, backups);
  for (const { backupId } of backups.slice(0, -1)) {
    if (needed.has(backupId) || random.int(2) === 0) continue;
    await repository.delete(backupId).catch((error) => expect(error.code).toBe("NADB_CONFLICT")); // incrementals hang on it
  }
}

async function step(site: ArchivedSite, random: Random): Promise<void> {
  const draw = random.int(100);
  if (draw < 45) {
    for (let i = random.int(4); i >= 0; i--) await write(site, random);
    moveClock(site, random);
    if (random.int(4) > 0) await site.look();
  } else if (draw < 62) await site.look();
  else if (draw < 76) await compact(site);
  else if (draw < 82) await site.backup(random.int(2) === 0 ? "full" : "incremental");
  else if (draw < 86) await deleteSome(site, random);
  else if (draw < 91) await site.newProcess();
  else if (draw < 94) {
    await site.follower?.end();
    site.follower = undefined;
  } else if (draw < 97) for (let i = 0; i < 5; i++) await write(site, random);
  else if (site.cuts.length > 0) {
    const { label } = site.cuts[random.int(site.cuts.length)] as Cut;
    const { latest } = await site.manager.points();
    const at = Math.max(label, latest?.effectiveTime ?? 0);
    await site.manager.restoreBackup({ at }, { clearExisting: true });
  }
  moveClock(site, random);
}

/** Restores into a store of its own and compares all of it. */
async function restoreAndCompare(site: ArchivedSite, at: number, cut: Cut): Promise<void> {
  const store = await openStore(site.clock.now);
  const manager = await openManager(store, site.target, site.clock);
  const of = site.store.storage.id;
  const { point, stateDigest } = await manager.restoreBackup({ at, of }, { clearExisting: true });
  expect(point).toMatchObject({ generation: cut.generation, version: cut.version });
  expect(stateDigest).toBe(cut.digest);
  expect(await contentOf(store)).toEqual(cut.state);
}

describe(`points in time (NADB_SEED=${SEED}) ›`, () => {
  let restored = 0;

  it.each(Array.from({ length: HISTORIES }, (_, i) => i))("history %i", async (number) => {
    const random = seeded(SEED * 1_000 + number);
    const site = await ArchivedSite.open({ policy: POLICY });
    site.meanwhile = () => beside(site, random);
    await site.look();
    for (let i = 0; i < STEPS; i++) await step(site, random);
    await site.look();
    await compact(site);

    const { points } = await site.manager.points();
    const times = site.effectiveTimes();
    const order = [...times.keys()];
    const known = points.map((point) => ({ point, cut: site.cutAt(point) }));
    expect(await site.manager.verifyArchive()).toMatchObject({ ok: true });

    const newestAt = (at: number) => known.findLast(({ point }) => point.effectiveTime <= at);
    for (const { at, cut } of site.promised(POLICY)) {
      const found = newestAt(at)?.cut;
      if (found === undefined) throw new Error(`nothing is left of what was promised at ${at}`);
      const isSame = found.generation === cut.generation; // a backup may be of the same state
      if (isSame) expect(found.version).toBeGreaterThanOrEqual(cut.version);
      else expect(order.indexOf(found)).toBeGreaterThan(order.indexOf(cut));
      expect(found.label).toBeLessThanOrEqual(at);
    }

    const labels = [...times.values()];
    const targets = Array.from({ length: LOOKUPS }, () => {
      const near = labels[random.int(labels.length)] as number;
      const away = [0, 0, -1, 1, random.int(5_000), -random.int(60_000)] as const;
      return near + (away[random.int(away.length)] as number);
    });
    let left = RESTORES;
    for (const at of targets) {
      const expected = newestAt(at);
      if (expected === undefined) {
        await expect(site.manager.planRestore({ at })).rejects.toMatchObject({
          code: "NADB_NOT_FOUND",
        });
        continue;
      }
      expect(expected.cut.label).toBeLessThanOrEqual(at);
      const before = known.slice(0, known.indexOf(expected) + 1);
      expect(Math.max(...before.map(({ cut }) => cut.label))).toBeLessThanOrEqual(at);
      if (left-- <= 0) continue;
      await restoreAndCompare(site, at, expected.cut);
      restored++;
    }
  });

  it("enough was restored, and enough was compacted", () => {
    expect(restored).toBeGreaterThanOrEqual(500);
    expect(Math.min(...Object.values(compacted))).toBeGreaterThan(10);
  });
});
