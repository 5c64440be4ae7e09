// Honest signals: whatever goes wrong, the run is not done, the failure hook is called and the heartbeat is silent. Each
// case begins where all is well: the newest backup is proven, and the same run would send a heartbeat.
import { NadbError } from "@nadb/core";
import { describe, expect, test } from "vitest";
import {
  BackupManager,
  type BackupTarget,
  type JobName,
  runScheduledJob,
} from "../../src/index.js";
import { flipBit, patchFile, pathsOf } from "../support/files.js";
import { ScheduledSite } from "../support/scheduled.js";

const JOBS = ["full", "incremental", "verify", "prune"] as const;
const schedule = {
  full: { cron: "0 2 * * *", verify: true },
  incremental: { cron: "0 * * * *", verify: true },
  verify: "0 3 * * *",
  prune: { cron: "0 4 * * *", policy: { keepLast: 1 } },
} as const;

/** A target of which some operations can be made to fail. */
class Failing {
  failing: readonly (keyof BackupTarget)[] = [];
  readonly target: BackupTarget;

  constructor(inner: BackupTarget) {
    this.target = new Proxy(inner, {
      get: (_, name: keyof BackupTarget) => {
        const member = this.failing.includes(name) ? this.#fail(name) : inner[name];
        return typeof member === "function" ? member.bind(inner) : member;
      },
    });
  }

  #fail(name: string) {
    const error = new NadbError("NADB_IO", `${name} was refused`);
    const refuse = () => Promise.reject(error);
    return name === "read" ? () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }) : refuse;
  }
}

async function provenSite() {
  const site = await ScheduledSite.open();
  const { target } = site;
  const failing = new Failing(target);
  const { now } = site.timer;
  const manager = await BackupManager.open({
    store: site.store,
    target: failing.target,
    clock: now,
  });
  await manager.createBackup({ backupId: "older" });
  await manager.createBackup({ backupId: "good" });
  await manager.verifyBackup("good");
  await site.store.set("k", "changed");
  const run = (job: JobName, on: BackupManager = manager) =>
    runScheduledJob(on, site.options(schedule), job);
  return { site, manager, failing, run };
}

describe("when all is well the heartbeat comes", () => {
  test.each(JOBS)("after %s", async (job) => {
    const { site, run } = await provenSite();
    expect(await run(job)).toMatchObject({ outcome: "done", error: null });
    expect(site.called.heartbeat).toHaveLength(1);
    expect(site.called.onFailure).toEqual([]);
  });
});

function expectAlarm({ called }: ScheduledSite): void {
  expect(called.heartbeat).toEqual([]);
  expect(called.onFailure).toHaveLength(1);
}

describe("the failure hook is called and the heartbeat is silent", () => {
  test.each(JOBS)("when the target does not answer: %s", async (job) => {
    const { site, failing, run } = await provenSite();
    failing.failing = ["list", "read", "size", "write", "remove"];
    expect(await run(job)).toMatchObject({ outcome: "failed", error: { code: "NADB_IO" } });
    expectAlarm(site);
  });

  test.each(["full", "incremental", "prune"] as const)("when the disk is full: %s", async (job) => {
    const { site, failing, run } = await provenSite();
    failing.failing = ["write"];
    expect(await run(job)).toMatchObject({ outcome: "failed", error: { code: "NADB_IO" } });
    expectAlarm(site);
  });

  test("when the repository can only be read, and a verification records nothing", async () => {
    const { site, manager, failing, run } = await provenSite();
    await manager.createBackup({ backupId: "newer" });
    failing.failing = ["write"];
    expect(await run("verify")).toMatchObject({ newest: { backupId: "newer", provenAt: null } });
    expect(site.called.heartbeat).toEqual([]);
  });

  test.each(["full", "incremental"] as const)("when the source is gone: %s", async (job) => {
    const { site, run } = await provenSite();
    await site.store.close();
    expect(await run(job)).toMatchObject({ outcome: "failed", error: { code: "NADB_CLOSED" } });
    expectAlarm(site);
  });

  test("when source or target can not even be opened", async () => {
    const { site } = await provenSite();
    const open = () => Promise.reject(new NadbError("NADB_NOT_A_STORE", "there is no store"));
    const run = await runScheduledJob(open, site.options(schedule), "full");
    expect(run).toMatchObject({ outcome: "failed", error: { code: "NADB_NOT_A_STORE" } });
    expectAlarm(site);
  });

  test.each(JOBS)(
    "when the index was deleted: %s, which does its work all the same",
    async (job) => {
      const { site, run } = await provenSite();
      await site.target.remove("metadata.json");
      const told = await run(job);
      expect(told).toMatchObject({ outcome: "flagged", error: null });
      expect(told.flags.join()).toContain("index");
      expectAlarm(site);
    },
  );

  test("when the newest backup is damaged, which verify finds and tells", async () => {
    const { site, run } = await provenSite();
    await site.target.write("good/data.nadb", [new Uint8Array(100)]);
    const told = await run("verify");
    expect(told).toMatchObject({ outcome: "failed", error: { code: "NADB_CORRUPTION" } });
    expect(told.newest?.provenAt).toBeNull();
    expectAlarm(site);
  });

  test("when a bit of a segment of the archive has changed, which verify finds and tells", async () => {
    const { site, manager, run } = await provenSite();
    await manager.archiveOnce();
    const isSegment = (path: string) => path.startsWith("archive/") && path.endsWith(".nadb");
    const [segment = ""] = (await pathsOf(site.target)).filter(isSegment);
    expect(await run("verify")).toMatchObject({ outcome: "done", archive: { segments: 1 } });
    expect(site.called.heartbeat).toHaveLength(1);
    site.called.heartbeat.length = 0;
    await patchFile(site.target, segment, (bytes) => flipBit(bytes, 400));
    const told = await run("verify");
    expect(told).toMatchObject({ outcome: "failed", archive: { ok: false, recorded: true } });
    expect(told.error?.message).toContain(segment);
    expectAlarm(site);
    site.called.onFailure.length = 0;
    const later = await run("prune");
    expect(later.flags.join()).toContain("its last verification found it damaged");
    expectAlarm(site);
  });

  test("when nobody verifies the archive", async () => {
    const { site, manager, run } = await provenSite();
    await manager.archiveOnce();
    const day = 86_400_000;
    site.timer.jump(7 * day);
    expect(await run("prune")).toMatchObject({ outcome: "done" });
    expect(site.called.heartbeat).toHaveLength(1);
    site.called.heartbeat.length = 0;
    site.timer.jump(2 * day);
    const told = await run("prune");
    expect(told).toMatchObject({ outcome: "flagged" });
    expect(told.flags.join()).toContain("the archive was never verified");
    expectAlarm(site);
    expect(await run("verify")).toMatchObject({ outcome: "done" });
    expect(site.called.heartbeat).toHaveLength(1);
  });

  const lost: [string, (target: BackupTarget) => Promise<unknown>][] = [
    ["is missing", (target) => target.remove("good/data.nadb")],
    ["has another size", (target) => target.write("good/data.nadb", [new Uint8Array(100)])],
  ];
  describe.each(lost)("when the data of the newest backup %s", (_, damage) => {
    test.each(["prune", "incremental", "full"] as const)("%s", async (job) => {
      const { site, run } = await provenSite();
      await damage(site.target);
      const told = await run(job);
      expect(told).toMatchObject({ outcome: "flagged", error: null });
      expect(told.flags.join()).toContain("good");
      expectAlarm(site);
    });

    test("incremental, though nothing has changed: it is a full one", async () => {
      const { site, run } = await provenSite();
      await site.store.storage.commit([{ type: "delete", key: "k" }]);
      await site.manager.createBackup({ backupId: "newest" });
      await site.manager.verifyBackup("newest");
      await site.target.remove("newest/data.nadb");
      const told = await run("incremental");
      expect(told).toMatchObject({ created: true, backup: { backupType: "full" } });
      expect(told.flags.join()).toContain("newest/data.nadb is missing");
      expectAlarm(site);
    });
  });

  test("when a limit of health is passed, and only then", async () => {
    const { site, manager } = await provenSite();
    await manager.createBackup({ backupId: "newest" });
    await manager.verifyBackup("newest");
    await site.store.set("k", "changed again");
    site.timer.jump(7 * 86_400_000);
    const { verify } = schedule;
    const once = (health: object) =>
      runScheduledJob(manager, site.options({ verify, health }), "verify");
    expect(await once({})).toMatchObject({ outcome: "done" });
    expect(site.called.heartbeat).toHaveLength(1);
    site.called.heartbeat.length = 0;
    const told = await once({ maxAgeSeconds: 86_400 });
    expect(told.flags.join()).toContain("health, age");
    expectAlarm(site);
  });

  test("when nothing was ever backed up: verify", async () => {
    const { site, failing } = await provenSite();
    const { now } = site.timer;
    await failing.target.remove("good");
    await failing.target.remove("older");
    await failing.target.remove("metadata.json");
    const manager = await BackupManager.open({
      store: site.store,
      target: failing.target,
      clock: now,
    });
    const told = await runScheduledJob(manager, site.options(schedule), "verify");
    expect(told).toMatchObject({ outcome: "failed", error: { code: "NADB_NOT_FOUND" } });
    expectAlarm(site);
  });
});
