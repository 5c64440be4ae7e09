// Points of an archive read, restored and verified: gaps as they come about, damage, readers beside a compaction, reading
// single keys through time.
import { describe, expect, it } from "vitest";
import { compact } from "../../src/archive/compact.js";
import { Follower } from "../../src/archive/follower.js";
import { refuses } from "../support/fails.js";
import { flipBit, patchFile, pathsOf, snapshotOf } from "../support/files.js";
import { SteppingTarget } from "../support/stepping-target.js";
import { openManager, openSite, openStore, type Site } from "../support/store.js";

/** A write and a look, a second after the one before. */
async function second(site: Site, key: string, value?: string): Promise<number> {
  site.clock.time += 1_000;
  if (value === undefined) await site.store.delete(key);
  else await site.store.set(key, value);
  await site.backups.archiveOnce();
  return site.clock.time;
}

async function archivedSite() {
  const site = await openSite();
  const times: number[] = [];
  for (const value of ["1", "2", undefined, "4", "5"]) times.push(await second(site, "a", value));
  return { site, times };
}

const segmentFiles = async ({ target }: Site, extension: string): Promise<string[]> =>
  (await pathsOf(target)).filter((path) => path.startsWith("archive/") && path.endsWith(extension));

const textOf = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);

describe("restoring to a time ›", () => {
  it("brings the newest cut not later, and says which it was", async () => {
    const { site, times } = await archivedSite();
    const [, second, third] = times as [number, number, number];
    const before = await site.backups.restoreBackup(
      { at: new Date(third - 1) },
      { clearExisting: true },
    );
    expect(before).toMatchObject({
      recordCount: 1,
      point: { kind: "segment", time: second, version: 2 },
    });
    expect(textOf(await site.store.get("a"))).toBe("2");
    const { point } = await site.backups.restoreBackup({ at: third }, { clearExisting: true });
    expect(point).toMatchObject({ time: third, version: 3 });
    expect(await site.store.get("a")).toBeUndefined();
  });

  it("plans what it would do, and does nothing", async () => {
    const { site, times } = await archivedSite();
    const before = await snapshotOf(site.target);
    const plan = await site.backups.planRestore({ at: times[3] as number });
    expect(plan).toMatchObject({ add: 0, change: 1, point: { version: 4 } });
    expect(plan.chain).toHaveLength(4);
    expect(textOf(await site.store.get("a"))).toBe("5");
    expect(await snapshotOf(site.target)).toEqual(before);
  });

  it("into another namespace, from the archive of the one it names", async () => {
    const { site, times } = await archivedSite();
    const store = await openStore();
    const other = await openManager(store.storage, site.target, site.clock);
    await other.restoreBackup({ at: times[1] as number, of: site.store.storage.id });
    expect(textOf(await store.get("a"))).toBe("2");
  });

  it("refuses a time before the first point, and what is no time", async () => {
    const { site, times } = await archivedSite();
    const first = times[0] as number;
    const early = () => site.backups.restoreBackup({ at: first - 1 });
    await refuses("NADB_NOT_FOUND", early, new Date(first).toISOString());
    for (const at of [Number.NaN, new Date("x"), 1e20]) {
      await refuses("NADB_INVALID_ARGUMENT", () => site.backups.restoreBackup({ at }));
    }
  });

  it("a damaged segment is refused before anything changes; earlier points stay", async () => {
    const { site, times } = await archivedSite();
    const files = await segmentFiles(site, ".nadb");
    await patchFile(site.target, files[2] as string, (bytes) => flipBit(bytes, 400));
    const { digest } = await site.store.storage.head();
    for (const verifyIntegrity of [true, false]) {
      const restore = () =>
        site.backups.restoreBackup({ at: times[4] as number }, { verifyIntegrity });
      await refuses("NADB_CORRUPTION", restore, files[2] as string);
    }
    expect((await site.store.storage.head()).digest).toBe(digest);
    expect((await site.backups.verifyArchive()).findings).toHaveLength(2); // itself, and the newest state
    await site.backups.restoreBackup({ at: times[2] as number });
  });

  it("a manifest that says other than its name is damage", async () => {
    const { site, times } = await archivedSite();
    const [first, other] = (await segmentFiles(site, ".json")).filter((path) =>
      /\d{13}/.test(path),
    );
    await patchFile(site.target, first as string, () => new Uint8Array());
    const chunks: Uint8Array[] = [];
    for await (const chunk of site.target.read(other as string)) chunks.push(chunk);
    await site.target.write(first as string, chunks);
    const restore = () => site.backups.restoreBackup({ at: times[1] as number });
    await refuses("NADB_CORRUPTION", restore, "manifest of another segment");
  });
});

describe("gaps come about ›", () => {
  it("a lost segment: what follows is lost until the archive goes on, which covers the hole", async () => {
    const { site, times } = await archivedSite();
    const files = (await pathsOf(site.target)).filter((path) =>
      path.includes("0003-0000000000000004-"),
    );
    expect(files).toHaveLength(2);
    for (const file of files) await site.target.remove(file);
    expect(await site.backups.points()).toMatchObject({ lost: 1, latest: { version: 3 } });
    expect(await site.backups.verifyArchive()).toMatchObject({ ok: false });
    const now = await second(site, "b", "6");
    const { points, gaps } = await site.backups.points();
    expect(points.map(({ version }) => version)).toEqual([1, 2, 3, 6]);
    expect(gaps).toEqual([]);
    await site.backups.restoreBackup({ at: now }, { clearExisting: true });
    expect(textOf(await site.store.get("a"))).toBe("5");
    const { point } = await site.backups.restoreBackup({ at: times[4] as number });
    expect(point.version).toBe(3);
  });

  it("a segment whose data is missing counts for nothing", async () => {
    const { site } = await archivedSite();
    await site.target.remove((await segmentFiles(site, ".nadb")).at(-1) as string);
    expect((await site.backups.points()).latest).toMatchObject({ version: 4 });
    expect((await site.backups.verifyArchive()).findings).toMatchObject([{ what: "unreadable" }]);
  });

  it("an archiver that was down while somebody wrote: told; while nobody did: no gap", async () => {
    const { site } = await archivedSite();
    site.clock.time += 600_000;
    await second(site, "a", "late");
    expect((await site.backups.points()).gaps).toMatchObject([
      { reason: "unwatched", seconds: 601 },
    ]);
    site.clock.time += 600_000;
    await site.backups.archiveOnce();
    expect((await site.backups.points()).gaps).toHaveLength(1);
  });

  it("the lag is told without an archiver", async () => {
    const site = await openSite();
    expect(await site.backups.archiveLag()).toBeUndefined();
    await second(site, "a", "1");
    expect(await site.backups.archiveLag()).toEqual({ versions: 0, seconds: 0 });
    await site.store.set("a", "2");
    site.clock.time += 7_000;
    expect(await site.backups.archiveLag()).toEqual({ versions: 1, seconds: 7 });
  });
});

describe("readers beside a compaction ›", () => {
  it("nothing goes while a restore reads; it goes when that has ended", async () => {
    const { site, times } = await archivedSite();
    const policy = [{ everySeconds: 10, forSeconds: 20 }];
    site.clock.time += 20_000;
    await second(site, "a", "later");
    const { repository, storage } = site.backups;
    const options = { everySeconds: 1, policy, replacePolicy: true };
    const follower = await Follower.begin(repository, storage, options);
    const { target, host } = repository;
    const compactor = { repository, target, lease: follower.lease, clock: host.clock };
    const seen: string[] = [];
    let isCompacting = false;
    const beside = new SteppingTarget(site.target, {
      onStep: async (_, what) => {
        if (isCompacting || !/^read archive.*nadb/.test(what)) return;
        isCompacting = true;
        for await (const { type } of compact(compactor, storage.id, policy)) seen.push(type);
      },
    });
    const store = await openStore();
    const reader = await openManager(store, beside, site.clock);
    await reader.restoreBackup({ at: times[1] as number });
    expect(seen[0]).toBe("merged");
    expect(seen).not.toContain("removed");
    expect(textOf(await store.get("a"))).toBe("2");
    const after = await compact(compactor, storage.id, policy).next();
    expect(after.value).toMatchObject({ type: "removed" });
    expect((await site.backups.verifyArchive()).findings).toEqual([]);
  });

  it("a restore whose segments went just before it said that it reads takes what replaced them", async () => {
    const { site, times } = await archivedSite();
    const last = times[4] as number;
    site.clock.time = last;
    const { repository, storage } = site.backups;
    const policy = [{ everySeconds: 60, forSeconds: 120 }];
    site.clock.time += 200_000;
    await second(site, "b", "1");
    const options = { everySeconds: 1, policy, replacePolicy: true };
    const follower = await Follower.begin(repository, storage, options);
    const { target, host } = repository;
    const compactor = { repository, target, lease: follower.lease, clock: host.clock };
    let isDone = false;
    const beside = new SteppingTarget(site.target, {
      owner: "gone", // so that its lease counts for nothing, as one that comes too late
      onStep: async (_, what) => {
        if (isDone || !/^read archive.*json/.test(what)) return;
        isDone = true;
        const unheeding = { ...compactor, target: unaware };
        for await (const _ of compact(unheeding, storage.id, policy));
      },
    });
    const unaware = new SteppingTarget(target, { onStep: () => undefined, isGone: () => true });
    const store = await openStore();
    const reader = await openManager(store, beside, site.clock);
    const { point } = await reader.restoreBackup({ at: last });
    expect(isDone).toBe(true);
    expect(point.effectiveTime).toBeLessThanOrEqual(last);
  });
});

describe("one key through time ›", () => {
  it("its record at a time: none before it was set, while it was deleted, once it had expired", async () => {
    const { site, times } = await archivedSite();
    const values = await Promise.all(times.map((at) => site.backups.getAt("a", at)));
    expect(values.map((record) => textOf(record?.value))).toEqual(["1", "2", undefined, "4", "5"]);
    expect(await site.backups.getAt("none", times[4] as number)).toBeUndefined();
    site.clock.time += 1_000;
    await site.store.set("ends", "v", { ttlSeconds: 5 });
    await site.backups.archiveOnce();
    expect(await site.backups.getAt("ends", site.clock.time + 4_999)).toBeDefined();
    expect(await site.backups.getAt("ends", site.clock.time + 5_000)).toBeUndefined();
    await refuses("NADB_NOT_FOUND", () => site.backups.getAt("a", 5));
    await refuses("NADB_INVALID_ARGUMENT", () => site.backups.getAt("", times[0] as number));
  });

  it("every version there was, once each, from the earliest cut that has it; also of a generation before", async () => {
    const { site, times } = await archivedSite();
    site.clock.time += 1_000;
    await site.backups.createBackup({ backupId: "later" });
    await site.backups.restoreBackup({ at: times[1] as number }, { clearExisting: true });
    await second(site, "a", "anew");
    const history = await site.backups.history("a");
    const told = history.map(({ version, change, kind }) => [
      version,
      change.type === "record" ? textOf(change.record.value) : null,
      kind,
    ]);
    expect(told).toEqual([
      [1, "1", "backup"],
      [2, "2", "segment"],
      [3, null, "segment"],
      [4, "4", "segment"],
      [5, "5", "segment"],
      [7, "anew", "backup"],
    ]);
    expect(new Set(history.map(({ generation }) => generation)).size).toBe(2);
    expect(history[3]?.time).toBe(times[3]);
    expect(await site.backups.history("none")).toEqual([]);
  });
});

describe("pruning ›", () => {
  it("keeps the backups that points of the archive are restored from", async () => {
    const { site } = await archivedSite();
    await site.backups.createBackup({ backupId: "newer" });
    const [base] = await site.backups.listBackups();
    const pruning = await site.backups.pruneBackups({ keepLast: 1 });
    expect(pruning.removed).toEqual([]);
    const decision = pruning.plan.decisions.find(
      ({ backup }) => backup.backupId === base?.backupId,
    );
    expect(decision?.reasons.join()).toContain("the archive");
    expect((await site.backups.points()).lost).toBe(0);
  });
});
