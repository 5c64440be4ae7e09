// The schedule at work: what runs when, what waits, what is caught up, what is told.
import { describe, expect, test } from "vitest";
import {
  type JobRun,
  nextRuns,
  runScheduledJob,
  type ScheduleOptions,
  scheduleBackups,
} from "../../src/index.js";
import { Lease } from "../../src/lease.js";
import { refuses } from "../support/fails.js";
import { override } from "../support/override.js";
import { SEED, seeded } from "../support/random.js";
import { DAY, HOUR, MINUTE, ScheduledSite } from "../support/scheduled.js";

const policy = { keepLast: 3 };

describe("a schedule is refused at the start", () => {
  const cases: [string, ScheduleOptions, string][] = [
    ["without a job", {}, "no job"],
    ["with a job without an expression", { full: {} as never }, "full"],
    [
      "with a prune without a policy",
      { prune: { cron: "0 1 * * *" } as never },
      "retention policy",
    ],
    [
      "with a policy that keeps nothing",
      { prune: { cron: "0 1 * * *", policy: {} } },
      "keeps nothing",
    ],
    [
      "with an option that a job has not",
      { full: { cron: "0 1 * * *", sign: 1 } as never },
      "sign",
    ],
    [
      "with a level that there is not",
      { verify: { cron: "0 1 * * *", level: "deep" as never } },
      "deep",
    ],
    [
      "with backups to verify that are none",
      { verify: { cron: "0 1 * * *", which: "old" as never } },
      "old",
    ],
    ["with a time zone that is unknown", { full: "0 1 * * *", timeZone: "Nowhere" }, "Nowhere"],
    ["with a delay below 0", { full: "0 1 * * *", jitterSeconds: -1 }, "jitterSeconds"],
    ["with a delay that reaches the next run", { full: "*/5 * * * *", jitterSeconds: 300 }, "300"],
  ];
  test.each(cases)("%s", async (_, options, words) => {
    const { manager } = await ScheduledSite.open();
    await refuses("NADB_INVALID_ARGUMENT", () => scheduleBackups(manager, options), words);
    await refuses("NADB_INVALID_ARGUMENT", () => nextRuns(options, 0), words);
  });
});

describe("what is due is run", () => {
  test("jobs that are due together go full, incremental, prune; verify and drill beside them", async () => {
    const site = await ScheduledSite.open();
    await site.manager.createBackup({ backupId: "before" });
    site.schedule({
      full: "0 4 * * *",
      incremental: "0 4 * * *",
      prune: { cron: "0 4 * * *", policy },
      verify: "0 4 * * *",
      catchUp: false,
    });
    await site.timer.pass(HOUR);
    const writing = site.runs.filter(({ job }) => job !== "verify").map(({ job }) => job);
    expect(writing).toEqual(["full", "incremental", "prune"]);
    expect(site.runs.map(({ outcome }) => outcome)).toEqual(Array(4).fill("done"));
    const verified = site.runs.find(({ job }) => job === "verify");
    expect(verified?.verifications?.map(({ ok, recorded }) => ok && recorded)).toEqual([true]);
  });

  test("an incremental makes nothing when nothing has changed, and goes on from the newest backup when something has", async () => {
    const site = await ScheduledSite.open();
    const before = await site.manager.createBackup();
    site.schedule({ incremental: "*/10 * * * *", catchUp: false });
    await site.timer.pass(10 * MINUTE);
    expect(site.runs[0]).toMatchObject({ created: false, backup: { backupId: before.backupId } });
    await site.store.set("k", "v");
    await site.timer.pass(10 * MINUTE);
    expect(site.runs[1]).toMatchObject({
      created: true,
      backup: { parentBackupId: before.backupId },
    });
    expect(await site.manager.listBackups()).toHaveLength(2);
  });

  test("an incremental with nothing to go on from is a full one, and says so", async () => {
    const site = await ScheduledSite.open();
    const run = await runScheduledJob(
      site.manager,
      site.options({ incremental: "* * * * *" }),
      "incremental",
    );
    expect(run).toMatchObject({ outcome: "done", backup: { backupType: "full" } });
    expect(run.notes.join()).toContain("there is no backup to go on from");
  });

  test("an incremental whose store was replaced is a full one, and says so", async () => {
    const site = await ScheduledSite.open();
    const { backupId } = await site.manager.createBackup();
    await site.manager.restoreBackup(backupId, { clearExisting: true });
    const run = await runScheduledJob(
      site.manager,
      site.options({ incremental: "* * * * *" }),
      "incremental",
    );
    expect(run).toMatchObject({ outcome: "done", backup: { backupType: "full" } });
    expect(run.notes.join()).toContain(backupId);
  });

  test("an incremental whose parent is damaged is a full one, and flagged", async () => {
    const site = await ScheduledSite.open();
    const first = await site.manager.createBackup({ backupId: "first" });
    await site.store.set("k", "v");
    await site.manager.createIncrementalBackup(first.backupId);
    await site.target.remove("first/metadata.json");
    const run = await runScheduledJob(
      site.manager,
      site.options({ incremental: "* * * * *" }),
      "incremental",
    );
    expect(run).toMatchObject({ outcome: "flagged", backup: { backupType: "full" } });
    expect(site.called.onFailure).toHaveLength(1);
    expect(site.called.heartbeat).toEqual([]);
  });

  test("a backup that is unusual is kept and flagged", async () => {
    const site = await ScheduledSite.open();
    await site.manager.createBackup();
    await site.store.delete("first");
    const run = await runScheduledJob(site.manager, site.options({ full: "* * * * *" }), "full");
    expect(run).toMatchObject({ outcome: "flagged", created: true });
    expect(run.flags.join()).toContain("unusual");
  });

  test("a prune that holds something back is flagged", async () => {
    const site = await ScheduledSite.open();
    await site.manager.createBackup();
    await site.manager.createBackup();
    await site.store.delete("first");
    await site.manager.createBackup();
    const options = site.options({ prune: { cron: "* * * * *", policy: { keepLast: 1 } } });
    const run = await runScheduledJob(site.manager, options, "prune");
    expect(run).toMatchObject({ outcome: "flagged", pruning: { removed: [] } });
  });

  test("starts later by chance, as far as the jitter, the same for the same seed", async () => {
    const startsOf = async (seed: number): Promise<number[]> => {
      const site = await ScheduledSite.open();
      const chance = seeded(seed);
      site.schedule({
        full: "0 * * * *",
        jitterSeconds: 600,
        random: () => chance.int(1000) / 1000,
        catchUp: false,
      });
      await site.timer.pass(5 * HOUR + 20 * MINUTE);
      return site.runs.map(
        ({ startedAt, dueAt }) => Date.parse(startedAt) - Date.parse(dueAt as string),
      );
    };
    const delays = await startsOf(SEED);
    expect(delays).toHaveLength(5);
    expect(new Set(delays).size).toBeGreaterThan(1);
    for (const delay of delays) expect(delay >= 0 && delay < 600_000).toBe(true);
    expect(await startsOf(SEED)).toEqual(delays);
    expect(await startsOf(SEED + 1)).not.toEqual(delays);
  });
});

describe("a job that is still going on", () => {
  test("is not started again, and that is told", async () => {
    const site = await ScheduledSite.open();
    site.duration = () => 25 * MINUTE;
    site.schedule({ full: "*/10 * * * *", catchUp: false });
    await site.timer.pass(37 * MINUTE);
    expect(site.told).toEqual([
      "01-02T03:20 full skipped",
      "01-02T03:30 full skipped",
      "01-02T03:10 full done",
    ]);
    expect(await site.manager.listBackups()).toHaveLength(1);
    expect(site.called.onFailure).toEqual([site.runs[1]]);
    expect(site.runs.map(({ flags }) => flags)).toEqual([[], ["2 runs in a row were skipped"], []]);
  });

  test("and does not end for days is told, and no heartbeat comes until it has ended well", async () => {
    const site = await ScheduledSite.open();
    await site.manager.createBackup();
    site.duration = ({ job, dueAt }) =>
      job === "full" && dueAt?.startsWith("2026-01-02") ? 8.5 * DAY : 0;
    site.schedule({ full: "0 4 * * *", verify: "0 5 * * *", catchUp: false });
    await site.timer.pass(8 * DAY + 2 * HOUR);
    expect(site.called.heartbeat.map(({ dueAt }) => dueAt?.slice(5, 10))).toEqual(["01-02"]);
    const skips = site.called.onFailure.map(({ job, outcome, flags }) => [job, outcome, ...flags]);
    const alarms = [2, 4, 8].map((count) => [
      "full",
      "skipped",
      `${count} runs in a row were skipped`,
    ]);
    expect(skips).toEqual(alarms);
    await site.timer.pass(DAY);
    expect(site.called.heartbeat.map(({ dueAt }) => dueAt?.slice(5, 10))).toEqual([
      "01-02",
      "01-11",
    ]);
    expect(site.called.onFailure).toHaveLength(3);
  });

  test("keeps others that write waiting, and those that read not", async () => {
    const site = await ScheduledSite.open();
    await site.manager.createBackup();
    site.duration = ({ job }) => (job === "full" ? 25 * MINUTE : 0);
    site.schedule({
      full: "10 * * * *",
      incremental: "15 * * * *",
      verify: "20 * * * *",
      catchUp: false,
    });
    await site.timer.pass(40 * MINUTE);
    expect(site.told).toEqual([
      "01-02T03:20 verify done",
      "01-02T03:10 full done",
      "01-02T03:15 incremental done",
    ]);
  });

  test("of another process is waited for a while, then its run fails", async () => {
    const site = await ScheduledSite.open();
    site.schedule({ full: "10 * * * *", catchUp: false });
    await site.timer.pass(5.5 * MINUTE);
    const held = await Lease.acquire(site.target, "schedule", site.manager.repository.host);
    await site.timer.pass(0.75 * MINUTE);
    expect(site.runs).toEqual([]);
    await held.release();
    await site.timer.pass(MINUTE);
    expect(site.told).toEqual(["01-02T03:10 full done"]);
  });

  test("of a process that died is taken over within a minute or so", async () => {
    const site = await ScheduledSite.open();
    await Lease.acquire(site.target, "schedule", site.manager.repository.host);
    const run = runScheduledJob(site.manager, site.options({ full: "10 * * * *" }), "full");
    await site.timer.pass(2 * MINUTE);
    expect(await run).toMatchObject({ outcome: "done" });
  });

  test("of a process that renews its lease makes the run fail", async () => {
    const site = await ScheduledSite.open();
    const held = await Lease.acquire(site.target, "schedule", site.manager.repository.host);
    const run = runScheduledJob(site.manager, site.options({ full: "10 * * * *" }), "full");
    for (let i = 0; i < 12; i++) {
      await site.timer.pass(16_000);
      await held.renew();
    }
    expect(await run).toMatchObject({ outcome: "failed", error: { code: "NADB_LOCKED" } });
    expect(await site.manager.listBackups()).toEqual([]);
  });
});

describe("what was missed", () => {
  test("is run once at the start, what reads after what writes", async () => {
    const site = await ScheduledSite.open();
    await site.manager.createBackup();
    site.timer.jump(5 * DAY);
    site.schedule({
      full: "0 2 * * *",
      incremental: "0 * * * *",
      prune: { cron: "30 2 * * *", policy },
      verify: "0 1 * * *",
    });
    await site.timer.pass(MINUTE);
    expect(site.told).toEqual([
      "01-07T02:00 full caught up done",
      "01-07T02:30 prune caught up done",
      "01-07T01:00 verify caught up done",
    ]);
  });

  test("is told from the repository: nothing is run again by the next process", async () => {
    const site = await ScheduledSite.open();
    const options: ScheduleOptions = {
      full: "0 2 * * *",
      incremental: "0 * * * *",
      prune: { cron: "30 2 * * *", policy },
      verify: { cron: "0 1 * * *", level: "checksum" },
    };
    const first = site.schedule(options);
    await site.timer.pass(MINUTE);
    await first.stop();
    expect(site.runs.map(({ job }) => job)).toEqual(["full"]);
    await runScheduledJob(site.manager, options, "prune");
    await runScheduledJob(site.manager, options, "verify");
    site.forget();
    site.schedule(options);
    await site.timer.pass(MINUTE);
    expect(site.runs).toEqual([]);
  });

  test("is every job when the repository can not be read", async () => {
    const site = await ScheduledSite.open();
    const failing = async () => {
      throw new Error("no network");
    };
    site.schedule({ full: "0 2 * * *", verify: "0 1 * * *" }, failing);
    await site.timer.pass(MINUTE);
    expect(site.told).toEqual([
      "01-02T02:00 full caught up failed",
      "01-02T01:00 verify caught up failed",
    ]);
  });

  test("while the machine slept is one run", async () => {
    const site = await ScheduledSite.open();
    site.schedule({ full: "0 * * * *", catchUp: false });
    await site.timer.pass(2 * HOUR);
    site.timer.jump(DAY);
    await site.timer.pass(HOUR);
    expect(site.told).toEqual([
      "01-02T04:00 full done",
      "01-02T05:00 full done",
      "01-03T05:00 full done",
      "01-03T06:00 full done",
    ]);
  });
});

describe("hooks", () => {
  test("one before the run that fails stops this run", async () => {
    const site = await ScheduledSite.open();
    const before = () => Promise.reject(new Error("not now"));
    const run = await runScheduledJob(
      site.manager,
      site.options({ full: "* * * * *", hooks: { before } }),
      "full",
    );
    expect(run).toMatchObject({ outcome: "failed", error: { code: "NADB_IO" } });
    expect(run.error?.message).toContain("not now");
    expect(await site.manager.listBackups()).toEqual([]);
    expect(site.called.onFailure).toHaveLength(1);
  });

  test.each(["after", "heartbeat"] as const)(
    "%s that fails flags the run, and loses no backup",
    async (name) => {
      const site = await ScheduledSite.open();
      const hooks = { [name]: () => Promise.reject(new Error("nobody there")) };
      const full = { cron: "* * * * *", verify: true };
      const run = await runScheduledJob(site.manager, site.options({ full, hooks }), "full");
      expect(run).toMatchObject({ outcome: "flagged", hookErrors: [`${name}: nobody there`] });
      expect(site.called.heartbeat, "not well").toEqual([]);
      expect(await site.manager.listBackups()).toHaveLength(1);
    },
  );

  test("a hook that fails does not stop the schedule", async () => {
    const site = await ScheduledSite.open();
    const hooks = { after: () => Promise.reject(new Error("nobody there")) };
    site.schedule({ full: "0 * * * *", hooks, catchUp: false });
    await site.timer.pass(2 * HOUR);
    expect(site.told).toEqual(["01-02T04:00 full flagged", "01-02T05:00 full flagged"]);
  });

  test("a listener that throws ends the schedule with its error", async () => {
    const site = await ScheduledSite.open();
    const onRun = (run: JobRun) => {
      site.runs.push(run);
      throw new Error("closed");
    };
    const schedule = site.schedule({ full: "0 * * * *", onRun });
    await site.timer.pass(MINUTE);
    await expect(schedule.done).rejects.toThrow("closed");
  });
});

describe("the heartbeat", () => {
  test("comes only once the newest backup is proven", async () => {
    const site = await ScheduledSite.open();
    site.schedule({ full: "0 4 * * *", verify: "0 5 * * *", catchUp: false });
    await site.timer.pass(HOUR + 30 * MINUTE);
    expect(site.runs).toHaveLength(1);
    expect(site.called.heartbeat).toEqual([]);
    await site.timer.pass(HOUR);
    expect(site.called.heartbeat.map(({ job }) => job)).toEqual(["verify"]);
    await site.timer.pass(22 * HOUR + 30 * MINUTE);
    expect(site.called.heartbeat, "a newer one is not proven").toHaveLength(1);
  });

  test("does not come while another job is failing", async () => {
    const site = await ScheduledSite.open();
    await site.manager.createBackup();
    const broken = override(site.manager, {
      createBackup: () => Promise.reject(new Error("the store is gone")),
    });
    site.schedule({ full: "0 4 * * *", verify: "0 5 * * *", catchUp: false }, broken);
    await site.timer.pass(3 * HOUR);
    expect(site.told).toEqual(["01-02T04:00 full failed", "01-02T05:00 verify done"]);
    expect(site.called.heartbeat).toEqual([]);
  });
});

describe("a schedule that is stopped", () => {
  test("ends at once when nothing runs", async () => {
    const site = await ScheduledSite.open();
    const stop = new AbortController();
    const schedule = site.schedule({ full: "0 4 * * *", signal: stop.signal, catchUp: false });
    await site.timer.pass(MINUTE);
    stop.abort();
    await schedule.done;
    expect(site.runs).toEqual([]);
  });

  test("interrupts what runs, leaves nothing of it, and begins nothing more", async () => {
    const site = await ScheduledSite.open();
    site.duration = () => 5 * MINUTE;
    const schedule = site.schedule({ full: "0 4 * * *", incremental: "0 4 * * *", catchUp: false });
    await site.timer.pass(57 * MINUTE);
    const stopped = schedule.stop();
    site.timer.elapsed += 5 * MINUTE;
    await site.timer.pass(0);
    await stopped;
    expect(site.told).toEqual(["01-02T04:00 full interrupted", "01-02T04:00 incremental skipped"]);
    expect(await site.manager.listBackups()).toEqual([]);
    expect(site.called.after).toEqual([]);
    expect(site.called.onFailure).toEqual([]);
  });

  test("tells when what runs does not end in time", async () => {
    const site = await ScheduledSite.open();
    site.duration = () => DAY;
    const schedule = site.schedule({ full: "0 4 * * *", catchUp: false });
    await site.timer.pass(57 * MINUTE);
    const stopped = schedule.stop();
    const failure = refuses("NADB_IO", () => stopped, "full");
    await site.timer.pass(31_000);
    await failure;
  });
});
