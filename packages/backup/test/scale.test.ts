// What work in a repository of many backups costs, in files that are read and folders that are listed; and that what is not
// looked at each time is looked at in time.
import { describe, expect, it } from "vitest";
import { type BackupTarget, memoryTarget } from "../src/index.js";
import { writeIndex } from "../src/index-file.js";
import { pathsOf, readFile, writeFile } from "./support/files.js";
import { override } from "./support/override.js";
import { fill, openManager, openSite, type Site } from "./support/store.js";

const COUNT = 150;
const idOf = (i: number): string => `b${String(i).padStart(3, "0")}`;
let shelf: Promise<readonly (readonly [string, Uint8Array])[]> | undefined;

/** Fulls, with two incrementals on each, as files. */
async function fillShelf(): Promise<readonly (readonly [string, Uint8Array])[]> {
  const { store, backups, clock, target } = await openSite();
  await fill(store, 3);
  for (let i = 0; i < COUNT; i++) {
    clock.time += 60_000;
    const backupId = idOf(i);
    if (i % 3 === 0) await backups.createBackup({ backupId });
    else await backups.createIncrementalBackup(idOf(i - 1), { backupId });
  }
  const paths = await pathsOf(target);
  return Promise.all(paths.map(async (path) => [path, await readFile(target, path)] as const));
}

async function copied(): Promise<Site> {
  const target = memoryTarget();
  shelf ??= fillShelf();
  for (const [path, bytes] of await shelf) await writeFile(target, path, bytes);
  const site = await openSite(target);
  site.clock.time += COUNT * 60_000;
  await fill(site.store, 3);
  return site;
}

/** How often something was read, and folders were listed. */
async function counted(site: Site) {
  const counts = { manifests: 0, reads: 0, lists: 0 };
  const target = override(site.target, {
    read: (path, options) => {
      counts.reads++;
      if (path.endsWith("/metadata.json")) counts.manifests++;
      return site.target.read(path, options);
    },
    list: (folder) => {
      counts.lists++;
      return site.target.list(folder);
    },
  });
  const backups = await openManager(site.store, target, site.clock);
  Object.assign(counts, { manifests: 0, reads: 0, lists: 0 });
  return { backups, counts };
}

describe(`in a repository of ${COUNT} backups ›`, () => {
  it("a full backup reads each manifest once, and looks into no more than 64 finished folders", async () => {
    const site = await copied();
    const { backups, counts } = await counted(site);
    expect((await backups.createBackup({ backupId: "new" })).sequence).toBe(COUNT + 1);
    expect(counts.manifests).toBe(COUNT + 1); // and looks for its own
    expect(counts.lists).toBeLessThan(64 + 20);
    expect(counts.reads - counts.manifests).toBeLessThan(12);
  });

  it("so does an incremental, and its parents once more", async () => {
    const site = await copied();
    await site.backups.createBackup({ backupId: "full" });
    await site.store.set("k0001", "new");
    const { backups, counts } = await counted(site);
    await backups.createIncrementalBackup("full", { backupId: "new" });
    expect(counts.manifests).toBeLessThan(COUNT + 10);
    expect(counts.lists).toBeLessThan(64 + 20);
  });

  it("a deletion reads each manifest once, and its own once more", async () => {
    const { backups, counts } = await counted(await copied());
    await backups.deleteBackup(idOf(COUNT - 1));
    expect(counts.manifests).toBe(COUNT + 1);
    expect(counts.lists).toBeLessThan(20);
  });

  it("a plan to prune reads each manifest once, and lists each folder once", async () => {
    const { backups, counts } = await counted(await copied());
    await backups.planPrune({ keepLast: 30 });
    expect(counts.manifests).toBe(COUNT);
    expect(counts.reads - counts.manifests).toBeLessThan(5);
    expect(counts.lists).toBeLessThan(COUNT + 10);
  });

  it("pruning many looks at the manifests a few times, not once for each", async () => {
    const { backups, counts } = await counted(await copied());
    const { removed, left } = await backups.pruneBackups({ keepLast: 30 });
    expect([removed.length, left]).toEqual([120, []]);
    expect(counts.manifests).toBeLessThan(8 * COUNT);
    expect((await backups.listBackups()).length).toBe(30);
  });
});

describe("leftovers among many backups ›", () => {
  const lease = (target: BackupTarget, id: string) =>
    writeFile(target, `${id}/lease-000001.json`, '{"owner":"x","expiresAt":1,"nonce":"0"}');

  it("of a backup that was never finished go with the next one", async () => {
    const site = await copied();
    await writeFile(site.target, "dead/data.nadb", "half of it");
    await lease(site.target, "dead");
    await site.backups.createBackup({ backupId: "new" });
    expect((await pathsOf(site.target)).filter((path) => path.startsWith("dead"))).toEqual([]);
  });

  it("beside a finished one go when its turn has come", async () => {
    const site = await copied();
    const ids = [0, 70, COUNT - 1].map(idOf);
    for (const id of ids) await lease(site.target, id);
    const left = async (): Promise<string[]> =>
      (await pathsOf(site.target)).filter((path) => path.includes("lease"));
    let swept = 0;
    for (let i = 0; i < COUNT && (await left()).length > 0; i++, swept++) {
      site.clock.time += 1;
      await site.backups.repository.sweepLeftovers();
    }
    expect(await left()).toEqual([]);
    expect(swept).toBeGreaterThan(1);
  });

  it("all go at once when everything is looked at, as before a pruning", async () => {
    const site = await copied();
    for (let i = 0; i < COUNT; i++) await lease(site.target, idOf(i));
    await site.backups.repository.sweepLeftovers({ everywhere: true });
    expect((await pathsOf(site.target)).filter((path) => path.includes("lease"))).toEqual([]);
  });
});

describe("an index that is wrong, among many backups ›", () => {
  it("of an earlier time, with ids that were used again: the new backup is the newest all the same", async () => {
    const site = await copied();
    const earlier = await readFile(site.target, "metadata.json");
    const last = [COUNT - 1, COUNT - 2, COUNT - 3].map(idOf);
    for (const id of last) await site.backups.deleteBackup(id);
    for (const backupId of last) await site.backups.createBackup({ backupId });
    for (const backupId of last) await site.backups.deleteBackup(backupId);
    for (const backupId of [...last].reverse()) await site.backups.createBackup({ backupId });
    await writeFile(site.target, "metadata.json", earlier);
    await site.backups.createBackup({ backupId: "new" });
    expect((await site.backups.listBackups()).at(-1)?.backupId).toBe("new");
  });

  it("empty: nothing of what is there is swept", async () => {
    const site = await copied();
    await writeIndex(site.target, new Map());
    await site.backups.createBackup({ backupId: "new" });
    expect((await site.backups.listBackups()).length).toBe(COUNT + 1);
  });
});
