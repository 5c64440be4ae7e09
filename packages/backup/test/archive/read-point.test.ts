// Reading a point: what is read is held until the reading is over, however it ends.
import { corruption } from "@nadb/core";
import { expect, it } from "vitest";
import { readPoint } from "../../src/archive/read-point.js";
import type { TimelinePoint } from "../../src/archive/timeline.js";
import { backupsBeingRead } from "../../src/readers.js";
import { refuses } from "../support/fails.js";
import { openSite, type Site } from "../support/store.js";

async function archivedSite(): Promise<Site> {
  const site = await openSite();
  await site.store.set("k", "1");
  await site.backups.createBackup({ backupId: "base" });
  await site.store.set("k", "2");
  await site.backups.archiveOnce({ everySeconds: 1 });
  return site;
}

const read = <T>({ backups, store }: Site, use: () => Promise<T>): Promise<T> =>
  readPoint(
    backups.repository,
    store.storage.id,
    ({ points }) => points.at(-1) as TimelinePoint,
    use,
  );

it("a point › its base is held for as long as it is read", async () => {
  const site = await archivedSite();
  const held = await read(site, async () => {
    for (let i = 0; i < 20; i++) await site.target.list("readers");
    return backupsBeingRead(site.target, site.clock.time);
  });
  expect([...held].sort()).toEqual(["archive/default/default", "base"]);
  expect(await backupsBeingRead(site.target, site.clock.time)).toEqual(new Set());
});

it("a point › a reading that fails is told to its caller alone, and holds nothing any more", async () => {
  const site = await archivedSite();
  const fail = (): Promise<never> => Promise.reject(corruption("damaged"));
  await refuses("NADB_CORRUPTION", () => read(site, fail), "damaged");
  expect(await site.target.list("readers")).toEqual([]);
});
