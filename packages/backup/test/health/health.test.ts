// Health: what each fact is judged as, on a clock that only the test moves; and that every way to lose backups shows.
import { KeyValueStore, memoryBackend, NadbError } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type BackupManager,
  type BackupTarget,
  gatherHealth,
  type Health,
  type HealthLimits,
  judgeHealth,
  memoryTarget,
  Repository,
} from "../../src/index.js";
import { flipBit, patchFile, pathsOf, snapshotOf, writeFile } from "../support/files.js";
import { override } from "../support/override.js";
import { Clock, fill, openManager, openSite, openStore, type Site } from "../support/store.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** As "age critical", of those that are not ok. */
const badOf = ({ checks }: Health): string[] =>
  checks.filter(({ status }) => status !== "ok").map(({ name, status }) => `${name} ${status}`);

const reasonOf = ({ checks }: Health, wanted: string): string | undefined =>
  checks.find(({ name }) => name === wanted)?.reason;

/** Nothing can be restored: what verifications found before counts for nothing any more. */
const UNRESTORABLE = ["age critical", "verified warning", "drilled warning", "damage critical"];

/** A full and an incremental, verified and drilled. */
async function healthySite(): Promise<Site> {
  const site = await openSite();
  const { store, backups, clock } = site;
  await fill(store, 30);
  await backups.createBackup({ backupId: "full" });
  clock.time += HOUR;
  await store.set("k0001", "changed");
  await backups.createIncrementalBackup("full", { backupId: "one" });
  await drill(site, "one");
  return site;
}

async function drill({ backups, clock }: Site, backupId: string): Promise<void> {
  const backend = memoryBackend({ clock: clock.now });
  await backend.open();
  onTestFinished(() => backend.close());
  await backups.drill(backupId, { backend });
}

/** Healthy, with two segments; `path` and `name` are those of the first. */
async function archivedSite(): Promise<{ site: Site; path: string; name: string }> {
  const site = await healthySite();
  for (const value of ["1", "2"]) {
    await site.store.set("archived", value);
    site.clock.time += 1_000;
    await site.backups.archiveOnce({ everySeconds: 1 });
  }
  const paths = (await pathsOf(site.target)).filter((path) => path.startsWith("archive/"));
  const path = paths.filter((one) => one.endsWith(".nadb")).sort()[0] as string;
  return { site, path, name: path.slice(path.lastIndexOf("/") + 1, -".nadb".length) };
}

const check = (site: Site, limits?: HealthLimits): Promise<Health> =>
  site.backups.backupHealth(limits);

describe("health", () => {
  it("of backups that are taken, verified and drilled is ok, and changes nothing", async () => {
    const site = await healthySite();
    const before = await snapshotOf(site.target);
    const health = await check(site);
    expect(badOf(health)).toEqual([]);
    expect(health).toMatchObject({
      status: "ok",
      db: "default",
      namespace: "default",
      checkedAt: new Date(site.clock.time).toISOString(),
      measures: {
        backups: 2,
        goodBackups: 2,
        newestGood: "one",
        ageSeconds: 0,
        chainLength: 2,
        stateRecords: 30,
        recoverySeconds: 0,
      },
    });
    expect(await snapshotOf(site.target)).toEqual(before);
  });

  it("no backup at all is critical", async () => {
    const health = await check(await openSite());
    expect(badOf(health)).toEqual(["age critical", "verified warning", "drilled warning"]);
    expect(reasonOf(health, "age")).toBe("there is no backup at all");
  });

  it.each([
    [26 * HOUR, []],
    [26 * HOUR + 1, ["age critical"]],
    [8 * DAY + 1, ["age critical", "verified warning"]],
    [35 * DAY + 1, ["age critical", "verified warning", "drilled warning"]],
  ])("after %i ms: %j", async (later, expected) => {
    const site = await healthySite();
    site.clock.time += later;
    await site.store.set("k", "not backed up");
    expect(badOf(await check(site))).toEqual(expected);
  });

  it("a backup that nothing was written after is not too old", async () => {
    const site = await healthySite();
    site.clock.time += 2 * DAY;
    const health = await check(site);
    expect(badOf(health)).toEqual([]);
    expect(reasonOf(health, "age")).toContain("nothing has changed since");
  });

  it("a limit of null judges nothing, and a limit that is none is refused", async () => {
    const site = await healthySite();
    site.clock.time += 100 * DAY;
    await site.store.set("k", "v");
    const none = { maxAgeSeconds: null, maxUnverifiedSeconds: null, maxUndrilledSeconds: null };
    expect(badOf(await check(site, none))).toEqual([]);
    for (const limits of [{ maxAgeSeconds: 0 }, { maxAge: 1 }, { maxChainLength: Number.NaN }])
      await expect(check(site, limits as HealthLimits)).rejects.toMatchObject({
        code: "NADB_INVALID_ARGUMENT",
      });
  });

  it("a backup never verified is a warning, one verified needs no process alive", async () => {
    const site = await openSite();
    await site.backups.createBackup({ backupId: "b" });
    expect(badOf(await check(site))).toEqual(["verified warning", "drilled warning"]);
    await site.backups.verifyBackup("b");
    const another = await openManager(site.store, site.target, site.clock);
    expect(badOf(await another.backupHealth())).toEqual(["drilled warning"]);
  });

  it("a verification that found damage makes its backup, and what hangs on it, no good one", async () => {
    const site = await healthySite();
    await patchFile(site.target, "full/data.nadb", (bytes) => flipBit(bytes, 8 * 60));
    expect(badOf(await check(site))).toEqual([]); // nobody has read it since
    await site.backups.verifyBackup("full");
    const health = await check(site);
    expect(badOf(health)).toEqual(UNRESTORABLE);
    expect(reasonOf(health, "age")).toBe("of 2 backups none can be restored");
    expect(health.measures).toMatchObject({ damagedBackups: 2, goodBackups: 0 });
  });

  it("a chain that is too long is a warning", async () => {
    const site = await healthySite();
    expect(badOf(await check(site, { maxChainLength: 1 }))).toEqual(["chain warning"]);
    expect(badOf(await check(site, { maxChainLength: 2 }))).toEqual([]);
  });

  it("what is unusual is a warning until it is accepted", async () => {
    const site = await healthySite();
    const keys = Array.from({ length: 30 }, (_, i) => `k${String(i).padStart(4, "0")}`);
    await site.store.deleteMany(keys);
    await site.backups.createIncrementalBackup("one", { backupId: "emptied" });
    const health = await check(site);
    expect(badOf(health)).toEqual(["anomalies warning"]);
    expect(reasonOf(health, "anomalies")).toContain("emptied is unusual: it is empty");
    await site.backups.acceptBackup("emptied");
    expect(badOf(await check(site))).toEqual([]);
  });

  it("leftovers are a warning, a live writer's are none", async () => {
    const site = await healthySite();
    await writeFile(site.target, "dead/data.nadb", "half");
    const lease = { owner: "memory", expiresAt: site.clock.time + 60_000, nonce: "1" };
    await writeFile(site.target, "dead/lease-000001.json", JSON.stringify(lease));
    expect(badOf(await check(site))).toEqual([]);
    site.clock.time += 60_001;
    expect(badOf(await check(site))).toEqual(["leftovers warning"]);
  });

  it("of one namespace knows nothing of another's backups", async () => {
    const site = await healthySite();
    const facts = await gatherHealth({
      id: { db: "default", namespace: "other" },
      clock: site.clock.now,
      repository: async () => site.backups.repository,
    });
    expect(badOf(judgeHealth(facts))).toContain("age critical");
  });
});

describe("health › clocks", () => {
  it("a clock that fell back a day: the times ahead are a warning, not an age", async () => {
    const site = await healthySite();
    site.clock.time -= DAY;
    expect(badOf(await check(site))).toEqual([
      "verified warning",
      "drilled warning",
      "clock warning",
    ]);
  });

  it("a backup labelled far ahead does not stay young for ever", async () => {
    const site = await healthySite();
    site.clock.time += 365 * DAY;
    await site.store.set("k", "v");
    await site.backups.createIncrementalBackup("one", { backupId: "ahead" });
    site.clock.time -= 365 * DAY;
    await site.store.set("k", "w");
    expect(badOf(await check(site))).toEqual(["clock warning"]);
  });

  it("two clocks a little apart are nothing to tell", async () => {
    const site = await healthySite();
    site.clock.time -= 59_000;
    expect(badOf(await check(site))).toEqual([]);
  });

  it("the newest backup is told by its place, also when an older one has a later time", async () => {
    const site = await healthySite();
    site.clock.time -= 30 * DAY;
    await site.store.set("k", "v");
    await site.backups.createIncrementalBackup("one", { backupId: "early" });
    site.clock.time += 30 * DAY;
    await site.store.set("k", "w");
    const health = await check(site);
    expect(health.measures?.newestGood).toBe("early");
    expect(badOf(health)).toEqual(["age critical"]);
  });
});

describe("honest signals", () => {
  const failing = (code: "NADB_IO", message: string) => async () => {
    throw new NadbError(code, message);
  };

  const healthWith = (site: Site, target: BackupTarget): Promise<Health> =>
    openManagerOn(site, target).then((backups) => backups.backupHealth());

  const openManagerOn = (site: Site, target: BackupTarget): Promise<BackupManager> =>
    openManager(site.store, target, site.clock);

  it.each(["EHOSTUNREACH", "EACCES: permission denied"])(
    "a target that fails with %s is critical, and says so",
    async (message) => {
      const site = await healthySite();
      const target = override(site.target, { list: failing("NADB_IO", message) });
      const repository = () => Repository.open(target);
      const facts = await gatherHealth({ id: site.store.storage.id, clock: Date.now, repository });
      const health = judgeHealth(facts);
      expect(badOf(health)).toEqual(["repository critical"]);
      expect(reasonOf(health, "repository")).toContain(message);
      expect(health.measures).toBeUndefined();
    },
  );

  it("a target that fails later is critical, too", async () => {
    const site = await healthySite();
    const manager = await openManagerOn(
      site,
      override(site.target, {
        // biome-ignore lint/correctness/useYield: it fails before there is anything to yield
        async *read() {
          throw new NadbError("NADB_IO", "the connection was lost");
        },
      }),
    ).catch((error: unknown) => error);
    expect(manager).toMatchObject({ code: "NADB_IO" });
    const size = failing("NADB_IO", "the connection was lost");
    const health = await healthWith(site, override(site.target, { size }));
    expect(badOf(health)).toEqual(["repository critical"]);
  });

  it("no repository there is critical", async () => {
    const clock = new Clock();
    const repository = () => Repository.open(memoryTarget());
    const id = { db: "d", namespace: "n" };
    const health = judgeHealth(await gatherHealth({ id, clock: clock.now, repository }));
    expect(health.status).toBe("critical");
    expect(reasonOf(health, "repository")).toContain("there is no repository");
  });

  it("a full disk shows as soon as the newest backup is too old", async () => {
    const site = await healthySite();
    site.clock.time += 26 * HOUR + 1;
    await site.store.set("k", "v");
    const full = override(site.target, { write: failing("NADB_IO", "no space left") });
    const manager = await openManagerOn(site, full);
    await expect(manager.createIncrementalBackup("one")).rejects.toMatchObject({ code: "NADB_IO" });
    expect(badOf(await manager.backupHealth())).toEqual(["repository warning", "age critical"]);
  });

  it("a repository that nothing can be written to is a warning, and judged all the same", async () => {
    const site = await healthySite();
    const target = override(site.target, { write: failing("NADB_IO", "the disk is full") });
    const manager = await openManager(site.store, target, site.clock);
    const health = await manager.backupHealth();
    expect(badOf(health)).toEqual(["repository warning"]);
    expect(reasonOf(health, "repository")).toContain("the disk is full");
    expect(health.measures).toMatchObject({ goodBackups: 2 });
  });

  it("a repository is written to by nobody who wants only to look", async () => {
    const site = await healthySite();
    let writes = 0;
    const target = override(site.target, {
      write: async (...args: Parameters<BackupTarget["write"]>) => {
        writes++;
        return site.target.write(...args);
      },
    });
    const { repository } = await openManager(site.store, target, site.clock);
    const gather = (options: object) =>
      gatherHealth({
        id: site.store.storage.id,
        clock: site.clock.now,
        repository: async () => repository,
        ...options,
      });
    expect(badOf(judgeHealth(await gather({ probe: false })))).toEqual([]);
    expect(writes).toBe(0);
    await gather({});
    expect(writes).toBe(1);
  });

  it("evidence that a later verification contradicts is not green", async () => {
    const site = await openSite();
    await fill(site.store, 30);
    await site.backups.createBackup({ backupId: "only" });
    await site.backups.verifyBackup("only");
    expect(badOf(await check(site))).toEqual(["drilled warning"]);
    await patchFile(site.target, "only/data.nadb", (bytes) => flipBit(bytes, 8 * 60));
    site.clock.time += 1_000;
    await site.backups.verifyBackup("only");
    const health = await check(site);
    expect(badOf(health)).toEqual(UNRESTORABLE);
    expect(health.measures?.verifiedAt).toBeUndefined();
  });

  it("damage that a verification of the archive has found is critical until it is mended or gone", async () => {
    const { site, path, name } = await archivedSite();
    const flip = () => patchFile(site.target, path, (bytes) => flipBit(bytes, 8 * 60));
    expect((await site.backups.verifyArchive()).recorded).toBe(true);
    await flip();
    expect(badOf(await check(site))).toEqual([]); // nobody has read it since
    await site.backups.verifyArchive({ record: false });
    expect(badOf(await check(site))).toEqual([]);
    await site.backups.verifyArchive();
    const health = await check(site);
    expect(badOf(health)).toEqual(["archive critical"]);
    expect(reasonOf(health, "archive")).toContain(name);
    await flip();
    await site.backups.verifyArchive();
    expect(badOf(await check(site))).toEqual([]);
    await flip();
    await site.backups.verifyArchive();
    await site.target.remove(path.replace(/nadb$/, "json"));
    await site.target.remove(path);
    expect(reasonOf(await check(site), "archive")).not.toContain(name);
  });

  it("a base of the archive that a verification has found damaged is critical until it is found sound", async () => {
    const { site } = await archivedSite();
    for (const id of ["full", "one"]) {
      const flip = () => patchFile(site.target, `${id}/data.nadb`, (b) => flipBit(b, 8 * 60));
      await flip();
      const { findings } = await site.backups.verifyArchive();
      expect(findings.map(({ detail }) => detail).join()).toContain(`${id}/data.nadb`);
      expect(badOf(await check(site))).toEqual(["archive critical"]);
      await flip();
      await site.backups.verifyArchive();
      expect(badOf(await check(site))).toEqual([]);
    }
  });

  it("a backup is not too old while the archive has what came since", async () => {
    const { site, path } = await archivedSite();
    const old = async () => reasonOf(await check(site), "age");
    site.clock.time += 2 * DAY;
    await site.store.set("archived", "3");
    expect(badOf(await check(site))).toEqual([]); // whoever archives has not had the time
    expect(await old()).toBe(
      "the newest good backup, one, was taken 2 d ago; the archive has what came since",
    );
    site.clock.time += HOUR;
    expect(badOf(await check(site))).toEqual(["age critical", "archive critical"]);
    await site.backups.archiveOnce({ everySeconds: 1 });
    expect(badOf(await check(site))).toEqual([]);
    await site.store.set("archived", "4");
    site.clock.time += 27 * HOUR;
    const unjudged = await check(site, { maxLagSeconds: null });
    expect(badOf(unjudged)).toEqual(["age critical"]);
    await site.backups.archiveOnce({ everySeconds: 1 });
    await site.target.remove(path);
    expect(badOf(await check(site))).toEqual(["age critical", "archive critical"]);
  });

  it("an archive that nobody has verified for long is a warning; a new one has time", async () => {
    const { site } = await archivedSite();
    const name = "archive-verified";
    const { backups, clock } = site;
    expect(badOf(await check(site))).toEqual([]);
    const limits = { maxUnverifiedSeconds: HOUR / 1000 };
    clock.time += HOUR - 2_000;
    expect(badOf(await check(site, limits))).toEqual([]);
    clock.time += 3_000;
    const never = await check(site, limits);
    expect(badOf(never)).toEqual(["verified warning", `${name} warning`]);
    expect(reasonOf(never, name)).toBe(
      "the archive was never verified, its oldest segment was written 60 min ago; at most 60 min are allowed",
    );
    expect(badOf(await check(site, { maxUnverifiedSeconds: null }))).toEqual([]);
    await backups.verifyArchive({ level: "checksum" });
    expect(badOf(await check(site, limits))).toContain(`${name} warning`);
    await backups.verifyArchive();
    const verified = await check(site, limits);
    expect(badOf(verified)).toEqual(["verified warning"]); // of the backups
    expect(verified.measures?.archiveVerifiedAt).toBe(new Date(clock.time).toISOString());
    clock.time += HOUR + 1_000;
    expect(badOf(await check(site, limits))).toContain(`${name} warning`);
    clock.time -= 4 * HOUR; // what a wrong clock says is no verification
    const before = await check(site, { maxUnverifiedSeconds: 1 });
    expect(before.measures?.archiveVerifiedAt).toBeUndefined();
  });

  it("points of the archive that lie in the future are a warning", async () => {
    const { site } = await archivedSite();
    site.clock.time -= DAY;
    const health = await check(site);
    expect(reasonOf(health, "clock")).toContain("points of the archive");
    expect(badOf(health)).toContain("clock warning");
  });

  it("a source that can not be opened is critical", async () => {
    const site = await healthySite();
    const facts = await gatherHealth({
      id: site.store.storage.id,
      clock: site.clock.now,
      repository: async () => site.backups.repository,
      source: failing("NADB_IO", "the store is gone"),
    });
    expect(badOf(judgeHealth(facts))).toEqual(["source critical"]);
  });

  it("a source that is empty while its backups are not is critical", async () => {
    const site = await healthySite();
    const emptied = await openStore(site.clock.now);
    const manager = await openManager(emptied, site.target, site.clock);
    const health = await manager.backupHealth();
    expect(badOf(health)).toEqual(["source critical"]);
    expect(reasonOf(health, "source")).toContain("its newest backup holds 30 records");
  });

  it("a source that stands before its newest backup is critical", async () => {
    const site = await healthySite();
    const { storage } = site.store;
    const head = await storage.head();
    const older = override(storage, { head: async () => ({ ...head, version: 3 }) });
    const manager = await openManager(older, site.target, site.clock);
    expect(badOf(await manager.backupHealth())).toEqual(["source critical"]);
  });

  it("an archive that has stopped is critical once there is something to archive", async () => {
    const site = await healthySite();
    const { backups, store, clock } = site;
    await store.set("k", "1");
    await backups.archiveOnce({ everySeconds: 10 });
    expect(badOf(await check(site))).toEqual([]);
    clock.time += HOUR;
    expect(badOf(await check(site))).toEqual([]); // nothing has changed
    await store.set("k", "2");
    expect(badOf(await check(site))).toEqual([]); // whoever archives has not had the time
    clock.time += 31_000;
    const health = await check(site);
    expect(badOf(health)).toEqual(["archive critical"]);
    expect(health.measures).toMatchObject({ archiveLagSeconds: 31, archiveLagVersions: 1 });
    expect(badOf(await check(site, { maxLagSeconds: 31 }))).toEqual([]);
    await backups.archiveOnce({ everySeconds: 10 });
    expect(badOf(await check(site))).toEqual([]);
  });

  it("an archive is behind since the first change that it has not, or where that was written over since its newest point", async () => {
    const { backups, store, clock } = await healthySite();
    await backups.archiveOnce({ everySeconds: 10 });
    clock.time += HOUR;
    await store.set("k", "1");
    clock.time += 7_000;
    await store.delete("k0002");
    expect(await backups.archiveLag()).toEqual({ versions: 2, seconds: 7 });
    await store.set("k", "2");
    expect(await backups.archiveLag()).toEqual({ versions: 3, seconds: 3_607 });
  });

  it("an archive whose newest point a clock has set ahead of now is not taken for a new one", async () => {
    const site = await healthySite();
    const { backups, store, clock } = site;
    await backups.archiveOnce({ everySeconds: 10 });
    clock.time += DAY;
    await store.set("k", "1");
    await backups.archiveOnce({ everySeconds: 10 });
    clock.time -= DAY;
    await store.set("k", "2");
    clock.time += 60_000;
    expect(await backups.archiveLag()).toEqual({ versions: 1, seconds: 60 });
    expect(badOf(await check(site))).toContain("archive critical");
  });

  it.each([
    ["lost", (target: BackupTarget) => target.remove("metadata.json")],
    ["damaged", (target: BackupTarget) => writeFile(target, "metadata.json", "{")],
  ])("an index that is %s is a warning, and hides nothing", async (_, make) => {
    const site = await healthySite();
    await make(site.target);
    const health = await check(site);
    expect(badOf(health)).toEqual(["index warning"]);
    expect(health.measures).toMatchObject({ backups: 2, goodBackups: 2 });
  });

  it("a manifest that is lost or damaged is critical", async () => {
    const site = await healthySite();
    await patchFile(site.target, "one/metadata.json", (bytes) => flipBit(bytes, 400));
    const health = await check(site);
    expect(badOf(health)).toContain("damage critical");
    expect(reasonOf(health, "damage")).toContain("one");
    await site.target.remove("one/metadata.json");
    expect(badOf(await check(site))).toContain("damage critical");
  });

  it("data that is missing or of another size is critical, without reading it", async () => {
    const site = await healthySite();
    await patchFile(site.target, "full/data.nadb", (bytes) => bytes.subarray(1));
    expect(badOf(await check(site))).toEqual(UNRESTORABLE);
  });

  it("a mistake in a program is no judgement, and neither is an abort", async () => {
    const site = await healthySite();
    const gather = (options: object) =>
      gatherHealth({
        id: site.store.storage.id,
        clock: site.clock.now,
        repository: async () => site.backups.repository,
        ...options,
      });
    const mistake = new TypeError("a mistake");
    const source = () => Promise.reject(mistake);
    await expect(gather({ source })).rejects.toBe(mistake);
    const signal = AbortSignal.abort();
    await expect(gather({ signal })).rejects.toBe(signal.reason);
    expect(KeyValueStore).toBeDefined();
  });
});
