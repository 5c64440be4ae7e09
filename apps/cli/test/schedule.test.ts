// nadb schedule: what it runs, whom it tells, how it ends; and that no signal says "all is well" when something is not.
import { once } from "node:events";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { listening } from "./support/listener.js";
import { ended, inFolder, type Run, start } from "./support/nadb.js";

/** For many commands, each a process, on a machine that has other work. */
vi.setConfig({ testTimeout: 180_000 });

const { nadb, json, path } = inFolder();

const web = listening();

/** The hooks copy what they are told to a file of their name. */
const hooks = {
  before: "cat > before.json",
  after: "cat > after.json",
  onFailure:
    "cat > failure.json; echo $NADB_JOB $NADB_OUTCOME $NADB_ERROR_CODE > failure.txt; echo $NADB_ERROR > why.txt",
};

function configure(schedule: object): void {
  const { origin } = web.it;
  const all = { heartbeat: `${origin}/alive?token=secret`, webhook: `${origin}/runs`, hooks };
  const config = { schedule: { ...all, ...schedule }, retention: { keepLast: 2 } };
  writeFileSync(path("nadb.config.json"), JSON.stringify(config));
}

const jobs = {
  full: { cron: "0 2 * * 0", verify: true },
  incremental: { cron: "0 * * * *", verify: true },
  verify: "30 3 * * *",
  drill: "0 4 * * 0",
  prune: "0 5 * * *",
};

const read = (name: string): string => readFileSync(path(name), "utf8");
const told = (name: string) => JSON.parse(read(name));

/** A store, and a backup of it that is proven. */
async function proven(): Promise<void> {
  await nadb("set k v");
  await json("backup create good");
  await json("backup verify good");
  configure(jobs);
}

describe("nadb schedule --explain", () => {
  it("prints the next runs of each job, and runs nothing", async () => {
    configure({ full: "30 2 * * *", verify: "0 0 1 1 *", timeZone: "Europe/Berlin" });
    const { exitCode, stdout } = await nadb("schedule --explain");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("full  30 2 * * *  (Europe/Berlin)");
    expect(stdout.match(/\d{4}-\d\d-\d\d 02:30:00 (CES?T|GMT\+[12])$/gm)).toHaveLength(5);
    expect(stdout.match(/\d{4}-01-01 00:00:00 (CET|GMT\+1)$/gm)).toHaveLength(5);
    const runs = await json("schedule --explain");
    expect(runs.map(({ job }: { job: string }) => job)).toEqual(["full", "verify"]);
  });
});

describe("nadb schedule --explain of an archive", () => {
  it("says what it promises, also where there is no other job", async () => {
    configure({ archive: { every: "5s", policy: "5s:1h" } });
    const { stdout } = await nadb("schedule --explain");
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      "archive  every 5 s",
      "  the state at every full 5 seconds can be restored for 1 hour",
    ]);
    expect(await json("schedule --explain")).toMatchObject([{ job: "archive", everySeconds: 5 }]);
    configure({ archive: { every: "5s" } });
    expect((await nadb("schedule --explain")).stdout).toContain("what the archive has declared");
  });
});

describe("nadb schedule is refused", () => {
  it.each([
    ["without a schedule", undefined, "schedule"],
    ["without a job", {}, "no job"],
    ["with a cron expression that is none", { full: "often" }, "often"],
    ["with one that is never due", { full: "0 0 30 2 *" }, "never due"],
    ["with a time zone that is unknown", { full: "0 0 * * *", timeZone: "Nowhere" }, "Nowhere"],
    ["with a field that is unknown", { full: "0 0 * * *", weekly: "x" }, "schedule.weekly"],
    ["with an option that is unknown", { full: { cron: "0 0 * * *", keep: 1 } }, "schedule.full"],
    ["with an archive by the clock", { archive: "* * * * *" }, "schedule.archive"],
    ["with an archive that never looks", { archive: { every: "0s" } }, "0s"],
    [
      "with a policy finer than it looks",
      { archive: { every: "1m", policy: "1s:1h" } },
      "promised",
    ],
    ["with a policy that is none", { archive: { policy: "1m:1s" } }, "promises nothing"],
    ["with a URL that is none", { full: "0 0 * * *", webhook: "ftp://x" }, "schedule.webhook"],
  ])("%s", async (_, schedule, words) => {
    const config = schedule === undefined ? {} : { schedule };
    writeFileSync(path("nadb.config.json"), JSON.stringify(config));
    const { exitCode, stderr } = await nadb("schedule");
    expect(exitCode).toBe(2);
    expect(stderr).toContain(words);
  });

  it("with a prune and no retention policy", async () => {
    const config = { schedule: { prune: "0 0 * * *" } };
    writeFileSync(path("nadb.config.json"), JSON.stringify(config));
    const { exitCode, stderr } = await nadb("schedule --explain");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("retention")]);
  });

  it("for one run of a job that it has not", async () => {
    configure({ full: "0 0 * * *" });
    expect((await nadb("schedule --once drill")).exitCode).toBe(2);
  });
});

describe("nadb schedule --once", () => {
  it.each(["full", "incremental", "verify", "drill", "prune"])(
    "%s: runs it, tells the hooks and the webhook, and the heartbeat comes",
    async (job) => {
      await proven();
      await nadb("set k changed");
      const run = await json(`schedule --once ${job}`);
      expect(run).toMatchObject({ job, trigger: "once", outcome: "done", hookErrors: [] });
      expect(told("before.json")).toMatchObject({ job, db: "default", namespace: "default" });
      expect(told("after.json")).toMatchObject({ ...run, repo: path("backups") });
      expect(() => read("failure.json")).toThrow();
      const [posted, beat, ...more] = web.it.requests;
      expect(posted).toMatchObject({ method: "POST", url: "/runs" });
      expect(JSON.parse(posted?.body ?? "")).toEqual(told("after.json"));
      expect(beat).toMatchObject({ method: "GET", url: "/alive?token=secret", body: "" });
      expect(more).toEqual([]);
    },
  );

  it("a full backup that nobody has verified sends no heartbeat", async () => {
    await proven();
    configure({ full: "0 2 * * *" });
    expect((await nadb("schedule --once full")).exitCode).toBe(0);
    expect(web.it.heartbeats).toEqual([]);
  });

  it("a prune deletes what the retention of the configuration does not keep", async () => {
    await proven();
    for (const id of ["two", "three"]) await nadb(`backup create ${id}`);
    await nadb("backup verify three");
    expect((await json("schedule --once prune")).pruning.removed).toEqual(["good"]);
  });
});

describe("hooks", () => {
  it("one before the run that fails stops it", async () => {
    await proven();
    configure({ ...jobs, hooks: { ...hooks, before: "exit 3" } });
    const { exitCode, stderr } = await nadb("schedule --once full");
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining("before ended with exit code 3"),
    ]);
    expect((await json("backup list")).backups).toHaveLength(1);
    expect(web.it.heartbeats).toEqual([]);
    expect(told("failure.json")).toMatchObject({ outcome: "failed" });
  });

  it("one after the run that fails flags it and loses no backup", async () => {
    await proven();
    configure({ ...jobs, hooks: { after: "exit 1" } });
    expect(await nadb("schedule --once full")).toMatchObject({ exitCode: 3 });
    expect((await json("backup list")).backups).toHaveLength(2);
  });

  it("one that does not end is killed with all it has started", async () => {
    await proven();
    const after = "sleep 1000 & wait"; // whoever lives keeps standard error open, for which this test waits
    configure({ ...jobs, hooks: { after, timeoutSeconds: 0.2 } });
    const { exitCode, stdout } = await nadb("schedule --once verify");
    expect([exitCode, stdout]).toEqual([3, expect.stringContaining("did not end within 0.2 s")]);
  });

  it("a webhook that refuses flags the run, and the URL is told without its secrets", async () => {
    await proven();
    web.it.status = ({ method }) => (method === "POST" ? 403 : 200);
    const { origin } = web.it;
    const webhook = `${origin.replace("//", "//user:pass@")}/runs?token=secret`;
    configure({ ...jobs, webhook });
    const { exitCode, stdout, stderr } = await nadb("schedule --once verify");
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`POST ${origin}/runs: answered with status 403`);
    expect(stdout + stderr).not.toMatch(/secret|user:pass/);
    const posted = web.it.posts;
    expect(posted).toHaveLength(1);
    expect(posted[0]?.authorization).toBe(`Basic ${btoa("user:pass")}`);
  });
});

describe("honest signals: the heartbeat is silent, the failure hook runs, the exit code is not 0", () => {
  const expectAlarm = ({ exitCode }: Run, exit: number): void => {
    expect(exitCode).toBe(exit);
    expect(web.it.heartbeats).toEqual([]);
    expect(told("failure.json").outcome).not.toBe("done");
    expect(web.it.posts).toHaveLength(1);
  };

  it.each(["full", "incremental", "verify", "drill", "prune"])(
    "the repository is gone: %s",
    async (job) => {
      await proven();
      renameSync(path("backups"), path("unmounted"));
      expectAlarm(await nadb(`schedule --once ${job}`), 10);
      expect(read("failure.txt").trim()).toBe(`${job} failed NADB_NOT_A_REPOSITORY`);
    },
  );

  it("the target can not be reached", async () => {
    await proven();
    renameSync(path("backups"), path("unmounted"));
    writeFileSync(path("backups"), "");
    expectAlarm(await nadb("schedule --once full"), 10);
  });

  it.each(["full", "incremental", "verify"])("the store is gone: %s", async (job) => {
    await proven();
    renameSync(path("data"), path("unmounted"));
    expectAlarm(await nadb(`schedule --once ${job}`), 10);
  });

  it.each(["full", "verify", "prune"])("the index was deleted: %s", async (job) => {
    await proven();
    rmSync(path("backups", "metadata.json"));
    expectAlarm(await nadb(`schedule --once ${job}`), 3);
  });

  it.each(["verify", "drill"])("the newest backup is damaged: %s", async (job) => {
    await proven();
    writeFileSync(path("backups", "good", "data.nadb"), "damaged");
    expectAlarm(await nadb(`schedule --once ${job}`), 4);
  });

  it.each(["incremental", "prune"])("the newest backup has lost its data: %s", async (job) => {
    await proven();
    rmSync(path("backups", "good", "data.nadb"));
    expectAlarm(await nadb(`schedule --once ${job}`), 3);
    expect(read("failure.txt").trim()).toBe(`${job} flagged NADB_HELD_BACK`);
    expect(read("why.txt")).toContain("good");
  });

  it("the store is empty, and was not", async () => {
    await proven();
    await nadb("delete k");
    expectAlarm(await nadb("schedule --once full"), 3);
    expect(told("failure.json").flags.join()).toContain("unusual");
  });
});

describe("nadb schedule in the foreground", () => {
  /** Begins one that has missed a verification, and waits for its line. */
  async function missed(args: readonly string[] = []) {
    await nadb("set k v");
    await nadb("backup create good");
    configure({ full: "0 0 1 1 *", verify: "* * * * *" });
    const child = start(["schedule", ...args], { cwd: path() });
    const run = ended(child);
    const early = run.then(({ stderr }) => Promise.reject(new Error(stderr)));
    const [line] = await Promise.race([once(child.stdout, "data"), early]);
    return { child, run, line: String(line) };
  }

  it.each([
    ["SIGTERM", 0],
    ["SIGINT", 130],
  ] as const)(
    "catches up what was missed, and ends by %s with exit code %i",
    async (signal, exit) => {
      const { child, run, line } = await missed();
      expect(line).toMatch(/^\S+ verify done: missed at \S+; 1 of 1 verified; \d+\.\d s\n$/);
      expect(web.it.heartbeats).toHaveLength(1);
      child.kill(signal);
      expect((await run).exitCode).toBe(exit);
    },
  );

  it("tells one document a line with --json", async () => {
    const { child, run, line } = await missed(["--json"]);
    expect(JSON.parse(line)).toMatchObject({ job: "verify", trigger: "catch-up", outcome: "done" });
    child.kill("SIGTERM");
    expect(await run).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("archives from its beginning to its end, one line for that", async () => {
    await proven();
    configure({ archive: { every: "100ms" } });
    const child = start(["schedule"], { cwd: path() });
    const run = ended(child);
    const [line] = await once(child.stdout, "data");
    expect(String(line)).toMatch(/^\S+ archive done: it follows the namespace\n$/);
    expect(told("after.json")).toMatchObject({ job: "archive", trigger: "follow", error: null });
    expect(web.it.heartbeats).toHaveLength(1);
    expect((await nadb("backup archive --once")).exitCode).toBe(11);
    child.kill("SIGTERM");
    expect(await run).toMatchObject({ exitCode: 0, stdout: String(line) });
    expect((await nadb("backup archive --once")).exitCode).toBe(0);
  });

  it("interrupts a hook that does not end", async () => {
    await nadb("set k v");
    await nadb("backup create good");
    configure({ verify: "* * * * *", hooks: { before: "echo begun; sleep 1000" } });
    const child = start(["schedule"], { cwd: path() });
    const run = ended(child);
    child.stderr.on("data", (text) => String(text).includes("begun") && child.kill("SIGTERM"));
    expect(await run).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("interrupted"),
    });
  });
});
