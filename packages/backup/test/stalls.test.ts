// Processes that stand still for longer than their lease lasts, at the worst step, while others go on: whatever they do when
// they wake, every backup that is listed can be restored, and nothing of theirs passes for damage.
import { describe, expect, it } from "vitest";
import { type BackupManager, planRepair } from "../src/index.js";
import { Lease } from "../src/lease.js";
import { removeRelyingOn } from "../src/retention/remove.js";
import { expectSound } from "./support/dying.js";
import { failureOf, refuses } from "./support/fails.js";
import { pathsOf } from "./support/files.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { Clock, fill, openManager, openSite, type Site } from "./support/store.js";

const MINUTE = 60_000;
const random = (bytes: Uint8Array): void => void crypto.getRandomValues(bytes);

/** A manager of another process, which stands still before the first step like `at` until `meanwhile` is over. */
async function slowOne(
  { store, target, clock }: Omit<Site, "backups">,
  at: string,
  meanwhile: () => Promise<unknown>,
): Promise<{ readonly slow: BackupManager; readonly wasReached: () => boolean }> {
  let reached = false;
  const stepping = new SteppingTarget(target, {
    owner: "slow",
    onStep: async (_, what) => {
      if (what !== at || reached) return;
      reached = true;
      await meanwhile();
    },
  });
  return { slow: await openManager(store, stepping, clock), wasReached: () => reached };
}

/** Nothing is damaged or lost, and the id is free. */
async function expectFree({ backups }: Site, backupId: string): Promise<void> {
  expect((await backups.repository.scan()).findings).toEqual([]);
  await backups.createBackup({ backupId });
  expect(await expectSound(backups)).toContain(backupId);
}

describe("a writer that stood still", () => {
  async function prepare(): Promise<Site> {
    const site = await openSite();
    await fill(site.store, 3);
    return site;
  }

  /** Another one takes a backup, and sweeps what the writer has. */
  const sweep =
    (site: Site, backupId = "other") =>
    async (): Promise<void> => {
      site.clock.time += MINUTE;
      await site.backups.createBackup({ backupId });
    };

  it.each([
    ["its data file", "write on b/data.nadb"],
    ["its data file is there", "wrote b/data.nadb"],
    ["its manifest", "write b/metadata.json"],
  ])("before %s leaves nothing, once another has swept", async (_, at) => {
    const site = await prepare();
    const { slow, wasReached } = await slowOne(site, at, sweep(site));
    await refuses("NADB_LOCKED", () => slow.createBackup({ backupId: "b" }));
    expect(wasReached()).toBe(true);
    expect(await pathsOf(site.target)).toEqual([
      "metadata.json",
      "other/data.nadb",
      "other/metadata.json",
    ]);
    await expectFree(site, "b");
  });

  it("before its manifest leaves alone what somebody has made of the same id", async () => {
    const site = await prepare();
    const { slow } = await slowOne(site, "write b/metadata.json", sweep(site, "b"));
    await refuses("NADB_ALREADY_EXISTS", () => slow.createBackup({ backupId: "b" }));
    expect(await expectSound(site.backups)).toEqual(["b"]);
  });

  it("leaves alone a backup of the same id whose manifest was lost meanwhile", async () => {
    const site = await prepare();
    const { slow, wasReached } = await slowOne(site, "write on b/data.nadb", async () => {
      await sweep(site, "b")();
      await site.target.remove("b/metadata.json");
    });
    await failureOf(() => slow.createBackup({ backupId: "b" }));
    expect(wasReached()).toBe(true);
    expect(await pathsOf(site.target, "b")).toEqual(["b/data.nadb"]);
  });

  it.each([
    ["a full", "b"],
    ["an incremental", "inc"],
  ])("while it looked at all other backups writes no manifest: %s", async (_, backupId) => {
    const site = await prepare();
    const { store, target, clock, backups } = site;
    await backups.createBackup({ backupId: "full" });
    await store.set("x", "1");
    const steps: string[] = [];
    const stepping = new SteppingTarget(target, {
      owner: "slow",
      onStep: async (_, what) => {
        const isLast =
          what === "read on full/metadata.json" && steps.includes(`read ${backupId}/data.nadb`);
        steps.push(what);
        if (isLast && !steps.includes("swept")) {
          steps.push("swept");
          await sweep(site)();
        }
      },
    });
    const slow = await openManager(store, stepping, clock);
    const create = () =>
      backupId === "b"
        ? slow.createBackup({ backupId })
        : slow.createIncrementalBackup("full", { backupId });
    await refuses("NADB_LOCKED", create);
    expect(steps).toContain("swept");
    expect(steps).not.toContain(`write ${backupId}/metadata.json`);
    expect(await expectSound(backups)).toEqual(["full", "other"]);
  });

  it("while it waited for its parent's lease has renewed its own", {
    timeout: 120_000,
  }, async () => {
    const site = await prepare();
    const { store, target, clock, backups } = site;
    await backups.createBackup({ backupId: "full" });
    await store.set("x", "1");
    let polls = 0;
    let isWaiting = false;
    const stepping = new SteppingTarget(target, {
      owner: "slow",
      onStep: async (_, what) => {
        if (what === "wrote inc/data.nadb") {
          clock.time += 14_000;
          await Lease.acquire(target, "full", { clock: clock.now, random }); // it dies
          isWaiting = true;
        }
        if (!isWaiting || what !== "list full") return;
        clock.time += 1_000;
        if (++polls === 50) await backups.createBackup({ backupId: "other" });
      },
    });
    const slow = await openManager(store, stepping, clock);
    await slow.createIncrementalBackup("full", { backupId: "inc" });
    expect(polls).toBeGreaterThan(50);
    expect(await expectSound(backups)).toEqual(["full", "other", "inc"]);
  });

  it("takes an incremental back whose parent was deleted meanwhile", async () => {
    const site = await prepare();
    const { store, clock, backups } = site;
    await backups.createBackup({ backupId: "full" });
    await backups.createBackup({ backupId: "other" });
    await store.set("x", "1");
    const { slow, wasReached } = await slowOne(site, "write inc/metadata.json", async () => {
      clock.time += MINUTE;
      await backups.deleteBackup("full");
    });
    await refuses("NADB_NOT_FOUND", () =>
      slow.createIncrementalBackup("full", { backupId: "inc" }),
    );
    expect(wasReached()).toBe(true);
    expect(await pathsOf(site.target)).toEqual([
      "metadata.json",
      "other/data.nadb",
      "other/metadata.json",
    ]);
    expect(await expectSound(backups)).toEqual(["other"]);
    expect(await planRepair(backups.repository)).toMatchObject({ steps: [], losses: [] });
  });
});

describe("a deletion that stood still", () => {
  async function prepare(): Promise<Site> {
    const site = await openSite();
    const { store, backups } = site;
    await fill(store, 3);
    await backups.createBackup({ backupId: "full" });
    await store.set("x", "1");
    await backups.createIncrementalBackup("full", { backupId: "one" });
    return site;
  }

  const BEFORE = "remove one/metadata.json";
  const AFTER = "removed one/metadata.json";

  it.each([
    ["", MINUTE],
    [", also where its own clock stood still, too", 0],
  ])("leaves a backup that another was laid over meanwhile%s", async (_, passed) => {
    const site = await prepare();
    const { store, target, clock } = site;
    const { slow, wasReached } = await slowOne(site, BEFORE, async () => {
      await store.set("y", "1");
      const ahead = await openManager(store, target, new Clock(clock.time + MINUTE));
      await ahead.createIncrementalBackup("one", { backupId: "two" });
      clock.time += passed;
    });
    await refuses("NADB_LOCKED", () => slow.deleteBackup("one"));
    expect(wasReached()).toBe(true);
    expect(await expectSound(site.backups)).toEqual(["full", "one", "two"]);
  });

  it("leaves one that another is being laid over", async () => {
    const site = await prepare();
    let made: Promise<unknown> | undefined;
    await site.store.set("y", "1");
    let goOn = (): void => undefined;
    const deleted = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { slow } = await slowOne(site, BEFORE, async () => {
      site.clock.time += MINUTE;
      await new Promise<void>((resolve) => {
        slowOne(site, "write two/metadata.json", () => {
          resolve();
          return deleted;
        }).then(({ slow: other }) => {
          made = other.createIncrementalBackup("one", { backupId: "two" });
        }, resolve);
      });
    });
    await refuses("NADB_LOCKED", () => slow.deleteBackup("one"));
    goOn();
    await made;
    expect(await expectSound(site.backups)).toEqual(["full", "one", "two"]);
  });

  it("leaves one that was pinned meanwhile", async () => {
    const site = await prepare();
    const { slow } = await slowOne(site, BEFORE, async () => {
      site.clock.time += MINUTE;
      await site.backups.pinBackup("one");
    });
    await refuses("NADB_LOCKED", () => slow.deleteBackup("one"));
    expect(await expectSound(site.backups)).toEqual(["full", "one"]);
    expect(await site.backups.listPins()).toMatchObject([{ backupId: "one" }]);
  });

  it.each([BEFORE, AFTER])("goes on when nobody came: %s", async (at) => {
    const site = await prepare();
    const { slow, wasReached } = await slowOne(site, at, async () => {
      site.clock.time += MINUTE;
    });
    await slow.deleteBackup("one");
    expect(wasReached()).toBe(true);
    expect(await pathsOf(site.target)).toEqual([
      "full/data.nadb",
      "full/metadata.json",
      "metadata.json",
    ]);
  });

  it.each([AFTER, "list readers"])("brings nothing back that another has swept: %s", async (at) => {
    const site = await prepare();
    const { slow, wasReached } = await slowOne(site, at, async () => {
      site.clock.time += MINUTE;
      await site.backups.createBackup({ backupId: "other" });
      expect(await pathsOf(site.target, "one")).toEqual([]);
    });
    await refuses("NADB_LOCKED", () => slow.deleteBackup("one"));
    expect(wasReached()).toBe(true);
    expect(await pathsOf(site.target, "one")).toEqual([]);
    await expectFree(site, "one");
  });

  it.each([AFTER, "list readers"])("removes nothing of a new backup of its id: %s", async (at) => {
    const site = await prepare();
    const { slow } = await slowOne(site, at, async () => {
      site.clock.time += MINUTE;
      await site.backups.createBackup({ backupId: "one" });
    });
    await refuses("NADB_LOCKED", () => slow.deleteBackup("one"));
    expect(await expectSound(site.backups)).toEqual(["full", "one"]);
    expect(await site.backups.getChain("one")).toHaveLength(1);
  });

  it("looks before the manifest goes, also where its own clock stood still, too", async () => {
    const site = await prepare();
    const { store, target, clock } = site;
    const steps: string[] = [];
    const stepping = new SteppingTarget(target, {
      owner: "slow",
      onStep: async (_, what) => {
        steps.push(what);
        if (what !== "wrote metadata.json") return; // the index has forgotten it
        const ahead = await openManager(store, target, new Clock(clock.time + MINUTE));
        await ahead.deleteBackup("one");
        await ahead.createBackup({ backupId: "one" });
      },
    });
    const slow = await openManager(store, stepping, clock);
    await refuses("NADB_LOCKED", () => slow.deleteBackup("one"));
    expect(steps).toContain("wrote metadata.json");
    expect(steps).not.toContain(BEFORE);
    expect(await expectSound(site.backups)).toEqual(["full", "one"]);
  });
});

describe("a merge that stood still", () => {
  async function prepare(): Promise<Site> {
    const site = await openSite();
    const { store, backups } = site;
    await fill(store, 3);
    await backups.createBackup({ backupId: "full" });
    await store.set("x", "1");
    await backups.createIncrementalBackup("full", { backupId: "one" });
    return site;
  }

  it("before its manifest leaves none without data, once the backup was deleted", async () => {
    const site = await prepare();
    const { slow, wasReached } = await slowOne(site, "write one/metadata.json", async () => {
      site.clock.time += MINUTE;
      await site.backups.deleteBackup("one");
    });
    await refuses("NADB_LOCKED", () => slow.consolidateBackup("one"));
    expect(wasReached()).toBe(true);
    expect(await expectSound(site.backups)).toEqual(["full"]);
    expect(await planRepair(site.backups.repository)).toMatchObject({ steps: [], losses: [] });
  });

  it("while it waited for the backup's lease has renewed its own", {
    timeout: 120_000,
  }, async () => {
    const site = await prepare();
    const { store, target, clock, backups } = site;
    let polls = 0;
    let isWaiting = false;
    const stepping = new SteppingTarget(target, {
      owner: "slow",
      onStep: async (_, what) => {
        if (/^wrote one.data-/.test(what)) {
          clock.time += 14_000;
          await Lease.acquire(target, "one", { clock: clock.now, random }); // it dies
          isWaiting = true;
        }
        if (!isWaiting || what !== "list one") return;
        clock.time += 1_000;
        if (++polls === 50)
          await refuses("NADB_LOCKED", () =>
            Lease.acquire(target, "one", { clock: clock.now, random }, "merge"),
          );
      },
    });
    const slow = await openManager(store, stepping, clock);
    await slow.consolidateBackup("one");
    expect(polls).toBeGreaterThan(50);
    expect(await expectSound(backups)).toEqual(["full", "one"]);
    expect(await backups.getChain("one")).toHaveLength(1);
  });
});

describe("a removal that takes long", () => {
  it("holds what it relies on until the end", async () => {
    const site = await openSite();
    const { store, target, clock, backups } = site;
    const ids = ["a", "b", "c", "d", "e"];
    for (const backupId of [...ids, "kept"]) await backups.createBackup({ backupId });
    let looked = 0;
    const stepping = new SteppingTarget(target, {
      owner: "slow",
      onStep: async (_, what) => {
        if (!/^remove .\/metadata.json$/.test(what)) return;
        clock.time += 14_000;
        looked++;
        await refuses("NADB_LOCKED", () => backups.deleteBackup("kept"));
      },
    });
    const { repository } = await openManager(store, stepping, clock);
    expect([...(await removeRelyingOn(repository, ids, ["kept"]))]).toEqual([]);
    expect(looked).toBeGreaterThan(4);
    expect(await expectSound(backups)).toEqual(["kept"]);
  });
});
