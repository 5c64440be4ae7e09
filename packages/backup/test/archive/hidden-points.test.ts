// Points behind a clock that ran ahead: no time leads to them until it is caught up with, but their ids do.
import { describe, expect, it } from "vitest";
import { isHidden } from "../../src/index.js";
import { refuses } from "../support/fails.js";
import { openManager, openSite, openStore, type Site } from "../support/store.js";

const DAY = 24 * 3_600_000;

async function archive({ store, backups, clock }: Site, value: string): Promise<void> {
  clock.time += 1_000;
  await store.set("a", value);
  await backups.archiveOnce();
}

/** Values "1" to "5", the second of which was archived while the clock was a day ahead. */
async function siteOfWrongClock(): Promise<Site> {
  const site = await openSite();
  await archive(site, "1");
  site.clock.time += DAY;
  await archive(site, "2");
  site.clock.time -= DAY;
  for (const value of ["3", "4", "5"]) await archive(site, value);
  return site;
}

const heldBy = async ({ store }: Site): Promise<string> =>
  new TextDecoder().decode(await store.get("a"));

const replacing = { clearExisting: true };

describe("points behind a clock that ran ahead", () => {
  it("are told, and no time brings them", async () => {
    const site = await siteOfWrongClock();
    const { points, hidden } = await site.backups.points();
    expect(hidden).toBe(3);
    expect(points.map((point, i) => isHidden(point, points[i + 1]))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    await site.backups.restoreBackup({ at: site.clock.time }, replacing);
    expect(await heldBy(site)).toBe("1");
  });

  it("are planned and restored by their ids", async () => {
    const site = await siteOfWrongClock();
    const { points } = await site.backups.points();
    for (const [i, { id }] of points.entries()) {
      const store = await openStore();
      const other = await openManager(store.storage, site.target, site.clock);
      const what = { point: id, of: site.store.storage.id };
      expect(await other.planRestore(what)).toMatchObject({ add: 1, point: { id } });
      const { point } = await other.restoreBackup(what, replacing);
      expect(point).toEqual(points[i]);
      expect(await heldBy({ ...site, store })).toBe(String(i + 1));
    }
  });

  it("are found by their ids also when they were merged since", async () => {
    const site = await openSite();
    for (const value of ["1", "2", "3", "4", "5"]) await archive(site, value);
    const { points: before } = await site.backups.points();
    site.clock.time += 60_000;
    const policy = [
      { everySeconds: 1, forSeconds: 2 },
      { everySeconds: 4, forSeconds: 3_600 },
    ];
    await archive(site, "6");
    await site.backups.archiveOnce({ policy, replacePolicy: true });
    const { points: after } = await site.backups.points();
    const merged = after.filter(({ id }) => !before.some((one) => one.id === id));
    const [kept] = merged.filter(({ version }) => version < 6);
    expect(kept).toBeDefined();
    const id = before.find(({ version }) => version === kept?.version)?.id as string;
    const { point } = await site.backups.restoreBackup({ point: id }, replacing);
    expect(point).toMatchObject({ id: kept?.id, version: kept?.version });
    expect(await heldBy(site)).toBe(String(kept?.version));
  });

  it("that are not there are refused, and the namespace stays", async () => {
    const site = await siteOfWrongClock();
    await refuses(
      "NADB_NOT_FOUND",
      () => site.backups.restoreBackup({ point: "nosuch" }, replacing),
      "nosuch",
    );
    expect(await heldBy(site)).toBe("5");
  });
});
