// The archive of a schedule: it follows for as long as the schedule runs, begins again by itself, and tells once what has
// changed: to hooks, to whoever listens, and by a heartbeat that is silent.
import { NadbError } from "@nadb/core";
import { describe, expect, test } from "vitest";
import {
  BackupManager,
  type ManagerSource,
  nextRuns,
  runScheduledJob,
  type ScheduleOptions,
  scheduleBackups,
} from "../../src/index.js";
import { Lease } from "../../src/lease.js";
import { refuses } from "../support/fails.js";
import { pathsOf } from "../support/files.js";
import { override } from "../support/override.js";
import { HOUR, MINUTE, ScheduledSite } from "../support/scheduled.js";
import { SteppingTarget } from "../support/stepping-target.js";

const SECOND = 1_000;

const segmentsOf = async ({ target }: ScheduledSite): Promise<string[]> =>
  (await pathsOf(target)).filter((path) => /^archive\/.*-\d{13}-\d+\.json$/.test(path));

const leasesOf = async ({ target }: ScheduledSite): Promise<string[]> =>
  (await pathsOf(target)).filter((path) => path.startsWith("archive/") && path.includes("lease"));

/** A site with a proven backup, whose target fails while `down.is`. */
async function provenSite() {
  const site = await ScheduledSite.open();
  const down = { is: false };
  const target = new SteppingTarget(site.target, {
    onStep: (_, what) => {
      if (down.is) throw new NadbError("NADB_IO", `the target is away: ${what}`);
    },
  });
  const { store, timer } = site;
  const manager = await BackupManager.open({ store, target, clock: timer.now });
  await manager.createBackup({ backupId: "good" });
  await manager.verifyBackup("good");
  return { site, manager, down };
}

const noted = ({ runs }: ScheduledSite): string[] =>
  runs.map(({ job, outcome, error, notes, flags }) =>
    [job, outcome, ...(error ? [error.code] : []), ...notes, ...flags].join(" "),
  );

describe("the archive of a schedule is refused at the start", () => {
  const cases: [string, unknown, string][] = [
    ["as a cron expression", "* * * * *", "no object"],
    ["with an option that it has not", { cron: "* * * * *" }, "cron"],
    ["looking never", { everySeconds: 0 }, "0"],
    [
      "with a policy that is none",
      { policy: [{ everySeconds: 60, forSeconds: 1 }] },
      "promises nothing",
    ],
  ];
  test.each(cases)("%s", async (_, archive, words) => {
    const { manager } = await ScheduledSite.open();
    const options = { archive } as ScheduleOptions;
    await refuses("NADB_INVALID_ARGUMENT", () => scheduleBackups(manager, options), words);
    await refuses("NADB_INVALID_ARGUMENT", () => nextRuns(options, 0), words);
  });
});

describe("the archive of a schedule", () => {
  test("follows for as long as the schedule runs, and ends with it", async () => {
    const { site } = await provenSite();
    const schedule = site.archive();
    await site.timer.pass(SECOND);
    for (const value of ["1", "2", "3"]) {
      await site.store.set("k", value);
      await site.timer.pass(10 * SECOND);
    }
    await site.timer.pass(MINUTE); // nothing changes: nothing is written
    expect(await segmentsOf(site)).toHaveLength(3);
    await schedule.stop();
    expect(await leasesOf(site)).toEqual([]);
    expect(noted(site)).toEqual(["archive done it follows the namespace"]);
    await site.store.set("k", "4");
    await site.timer.pass(MINUTE);
    expect(await segmentsOf(site)).toHaveLength(3);
  });

  test("goes on beside jobs, which run when they are due", async () => {
    const { site } = await provenSite();
    site.archive({ full: { cron: "10 * * * *", verify: true }, catchUp: false });
    await site.timer.pass(HOUR);
    expect(noted(site)).toEqual(["archive done it follows the namespace", "full done"]);
    expect(site.called.heartbeat.map(({ job }) => job)).toEqual(["archive", "full"]);
  });

  test("tells of a full backup that it has to take", async () => {
    const { site } = await provenSite();
    site.archive();
    await site.timer.pass(SECOND);
    await site.manager.restoreBackup("good", { clearExisting: true });
    await site.timer.pass(10 * SECOND);
    expect(site.runs[1]).toMatchObject({
      job: "archive",
      trigger: "follow",
      outcome: "done",
      created: true,
      backup: { label: "archive" },
      newest: { provenAt: null },
    });
    expect(site.called.heartbeat).toHaveLength(1);
  });

  test("a full backup that it has to take and that is unusual is flagged", async () => {
    const { site } = await provenSite();
    await site.store.delete("first");
    await site.store.storage.trim((await site.store.storage.head()).checkpoint);
    site.archive();
    await site.timer.pass(SECOND);
    expect(site.runs[0]).toMatchObject({ outcome: "flagged", created: true });
    expect(site.runs[0]?.flags.join()).toContain("unusual");
    expect(site.called.onFailure).toHaveLength(1);
  });

  test("gives up a full backup that it takes when the schedule is stopped", async () => {
    const site = await ScheduledSite.open();
    const stop = new AbortController();
    const target = new SteppingTarget(site.target, {
      onStep: (_, what) => {
        if (what.startsWith("write archive-")) stop.abort();
      },
    });
    const { store, timer } = site;
    const manager = await BackupManager.open({ store, target, clock: timer.now });
    await site.archive({ signal: stop.signal }, manager).done;
    expect(stop.signal.aborted).toBe(true);
    expect(await site.manager.listBackups()).toEqual([]);
    expect(site.runs).toEqual([]);
  });
});

describe("an archive that fails", () => {
  test("is told once, keeps the heartbeat silent, and follows again by itself", async () => {
    const { site, manager, down } = await provenSite();
    site.archive({}, manager);
    await site.timer.pass(SECOND);
    expect(site.called.heartbeat).toHaveLength(1);
    down.is = true;
    await site.store.set("k", "1");
    await site.timer.pass(5 * MINUTE);
    expect(noted(site).slice(1)).toEqual(["archive failed NADB_IO"]);
    expect(site.runs[1]?.error?.message).toContain("the target is away");
    expect(site.called.onFailure).toHaveLength(1);
    expect(site.called.after).toHaveLength(2);
    expect(site.called.heartbeat).toHaveLength(1);
    down.is = false;
    await site.timer.pass(3 * MINUTE); // the lease of before ends
    expect(noted(site).slice(2)).toEqual(["archive done it follows again"]);
    expect(site.called.heartbeat).toHaveLength(2);
    expect(await segmentsOf(site)).toHaveLength(1);
    expect(await site.manager.archiveLag()).toEqual({ versions: 0, seconds: 0 });
  });

  test("keeps the heartbeats of jobs silent", async () => {
    const { site, manager } = await provenSite();
    let isRefused = true;
    const jobs: ScheduleOptions = { verify: "10 * * * *", catchUp: false };
    const broken = override(manager, {
      archive: async (options) => {
        if (isRefused) throw new NadbError("NADB_IO", "it can not be");
        return manager.archive(options);
      },
    });
    site.archive(jobs, broken);
    await site.timer.pass(7 * MINUTE);
    expect(noted(site)).toEqual(["archive failed NADB_IO", "verify done"]);
    expect(site.called.heartbeat).toEqual([]);
    isRefused = false;
    await site.timer.pass(HOUR);
    expect(site.called.heartbeat.map(({ job }) => job)).toEqual(["archive", "verify"]);
  });

  test("opens store and repository anew, later each time", async () => {
    const { site, manager } = await provenSite();
    const opened: number[] = [];
    const source: ManagerSource = async () => {
      opened.push(site.timer.elapsed);
      if (opened.length < 9) throw new NadbError("NADB_NOT_A_STORE", "there is no store");
      return { manager, [Symbol.asyncDispose]: async () => undefined };
    };
    site.archive({ catchUp: false }, source);
    await site.timer.pass(5 * MINUTE);
    const pauses = opened.slice(1).map((time, i) => (time - (opened[i] ?? 0)) / SECOND);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(noted(site)).toEqual([
      "archive failed NADB_NOT_A_STORE",
      "archive done it follows again",
    ]);
  });

  test("tries again soon when it has followed since", async () => {
    const { site, manager } = await provenSite();
    let isAway = true;
    const tried: number[] = [];
    const check = async () => {
      if (isAway) throw new NadbError("NADB_IO", "it is away");
    };
    const source: ManagerSource = async () => {
      tried.push(site.timer.elapsed);
      await check();
      return { manager, check, [Symbol.asyncDispose]: async () => undefined };
    };
    site.archive({ catchUp: false }, source);
    for (isAway of [true, false, true]) {
      tried.length = 0;
      await site.timer.pass(2 * MINUTE);
    }
    const [first = 0, second = 0, third = 0] = tried;
    expect([second - first, third - second]).toEqual([2 * SECOND, 4 * SECOND]);
  });

  test("asks before each look whether what it holds open is still there", async () => {
    const { site, manager } = await provenSite();
    let isThere = true;
    const check = async () => {
      if (!isThere) throw new NadbError("NADB_NOT_A_STORE", "it is not there any more");
    };
    let closed = 0;
    const close = async () => {
      closed++;
    };
    site.archive({}, async () => ({ manager, check, [Symbol.asyncDispose]: close }));
    await site.timer.pass(SECOND);
    isThere = false;
    await site.timer.pass(10 * SECOND);
    expect(noted(site).slice(1)).toEqual(["archive failed NADB_NOT_A_STORE"]);
    expect(closed).toBeGreaterThan(0);
  });

  test("tells again when it fails for another reason", async () => {
    const { site, manager } = await provenSite();
    let code: "NADB_IO" | "NADB_NOT_A_REPOSITORY" = "NADB_IO";
    const source: ManagerSource = () => Promise.reject(new NadbError(code, "no"));
    site.archive({}, source);
    await site.timer.pass(MINUTE);
    code = "NADB_NOT_A_REPOSITORY";
    await site.timer.pass(2 * MINUTE);
    expect(noted(site)).toEqual(["archive failed NADB_IO", "archive failed NADB_NOT_A_REPOSITORY"]);
    expect(await manager.listBackups()).toHaveLength(1);
  });

  test("because somebody else archives is told after a while; one that died is taken over before", async () => {
    const { site } = await provenSite();
    const { host } = site.manager.repository;
    const other = await Lease.acquire(site.target, "archive/default/default", host);
    site.archive();
    for (let i = 0; i < 5; i++) {
      await site.timer.pass(16 * SECOND);
      await other.renew();
    }
    expect(site.runs).toEqual([]);
    await site.timer.pass(15 * SECOND);
    expect(noted(site)).toEqual(["archive failed NADB_LOCKED"]);
    await site.timer.pass(MINUTE);
    expect(noted(site).slice(1)).toEqual(["archive done it follows again"]);
  });

  test("to merge its segments is flagged, once, and goes on", async () => {
    const { site, manager } = await provenSite();
    let isFull = false;
    const target = new SteppingTarget(site.target, {
      onStep: (_, what) => {
        if (isFull && what.includes("remove archive/")) throw new NadbError("NADB_IO", "refused");
      },
    });
    const { store, timer } = site;
    const failing = await BackupManager.open({ store, target, clock: timer.now });
    const policy = [
      { everySeconds: 10, forSeconds: 60 },
      { everySeconds: 60, forSeconds: HOUR / SECOND },
    ];
    site.archive({ archive: { everySeconds: 10, policy } }, failing);
    isFull = true;
    for (let i = 0; i < 40; i++) {
      await site.store.set("k", String(i));
      await site.timer.pass(10 * SECOND);
    }
    expect(noted(site).slice(1)).toEqual(["archive flagged segments could not be merged: refused"]);
    expect(await manager.archiveLag()).toMatchObject({ versions: 0 });
  });
});

describe("an archive of another process", () => {
  test("that has stopped flags the runs of jobs, and no heartbeat comes", async () => {
    const { site, manager } = await provenSite();
    await manager.archiveOnce({ everySeconds: 1 });
    const verify = () => runScheduledJob(manager, site.options({ verify: "0 * * * *" }), "verify");
    await site.store.set("k", "1");
    expect(await verify()).toMatchObject({ outcome: "done" });
    site.timer.jump(MINUTE);
    const run = await verify();
    expect(run).toMatchObject({ outcome: "flagged", error: null });
    expect(run.flags).toEqual([
      "the archive: it is 1 version and 60 s behind; at most 12 s are allowed",
    ]);
    expect(site.called.heartbeat).toHaveLength(1);
    expect(site.called.onFailure).toHaveLength(1);
    await manager.archiveOnce({ everySeconds: 1 });
    expect(await verify()).toMatchObject({ outcome: "done" });
  });
});
