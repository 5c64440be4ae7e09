// Honest signals of a schedule that is running: whatever goes away or fills up meanwhile, its next runs fail and are told with
// the reason, the heartbeat falls silent, and health is red; as processes and files, on disks that are really full. Each case
// begins where all is well.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { BackupManager, directoryTarget, type JobRun } from "@nadb/backup";
import { beforeEach, describe, expect, it } from "vitest";
import { listening } from "./support/listener.js";
import { ended, inFolder, PROGRAM, type RunOptions, start } from "./support/nadb.js";
import { Scheduling } from "./support/scheduling.js";
import { noDisks, SmallDisk } from "./support/small-disk.js";

const { nadb, open, path } = inFolder();
const web = listening();
const LONG = 60_000;

const everySecond = { cron: "* * * * * *", verify: true };
/** A backup that is as new as the last change is never too old; none other may be older than a blink. */
const health = { maxAge: "1ms", maxLag: "1ms", maxUndrilled: "off" };

/** Where the backups are. */
let repo: string;
beforeEach(() => {
  repo = path("backups");
});

function configure(schedule: object, limits: object = health): void {
  const hooks = { onFailure: "cat > failure-$NADB_JOB.json" };
  const told = { heartbeat: `${web.it.origin}/alive`, webhook: `${web.it.origin}/runs`, hooks };
  writeFileSync(
    path("nadb.config.json"),
    JSON.stringify({ repo, schedule: { ...told, ...schedule }, health: limits }),
  );
}

/** Changes the store, and leaves it to others. */
async function change(value: string): Promise<void> {
  await using store = await open();
  await store.set("k", value);
}

/** A store and a backup of it that is proven. */
async function proven(): Promise<void> {
  await change("v");
  await using store = await open();
  const manager = await BackupManager.open({ store, target: directoryTarget(repo) });
  await manager.createBackup({ backupId: "good" });
  await manager.verifyBackup("good");
}

const failed = (job: string, code?: string) => (run: JobRun) =>
  run.job === job && run.outcome === "failed" && (code === undefined || run.error?.code === code);
const done = (run: JobRun): boolean => run.outcome === "done";

/** Backups every second, and the archive beside them; it has begun to send heartbeats. */
async function running(user?: RunOptions["user"]): Promise<Scheduling> {
  configure({ incremental: everySecond, archive: { every: "100ms" }, catchUp: false });
  const schedule = Scheduling.start({ cwd: path(), ...(user && { user }) });
  await schedule.next(({ job }) => job === "archive");
  await schedule.next(done);
  expect(web.it.heartbeats.length).toBeGreaterThan(0);
  expect((await nadb("backup health")).exitCode).toBe(0);
  schedule.forget();
  await schedule.next(done); // so that nothing is going on for a while
  return schedule;
}

const told = (job: string) => JSON.parse(readFileSync(path(`failure-${job}.json`), "utf8"));

/** The log, the hook and the webhook tell of the failure, and from then on no heartbeat comes. */
async function expectAlarm(
  schedule: Scheduling,
  code: string,
  jobs = ["incremental", "archive"],
): Promise<void> {
  for (const job of jobs) {
    const isIt = failed(job, code);
    if (!schedule.runs.some(isIt)) await schedule.next(isIt);
    expect(told(job)).toMatchObject({ job, outcome: "failed", error: { code } });
    const posted = web.it.posts.map(({ body }) => JSON.parse(body));
    expect(posted).toContainEqual(expect.objectContaining({ job, outcome: "failed" }));
  }
  const { length } = web.it.heartbeats;
  schedule.forget();
  await schedule.next(failed("incremental"));
  expect(web.it.heartbeats).toHaveLength(length);
}

async function expectHealth(
  exitCode: number,
  words: readonly string[],
  options: Partial<RunOptions> = {},
): Promise<void> {
  const { exitCode: is, stderr } = await nadb("backup health", options);
  expect({ is, stderr }).toMatchObject({ is: exitCode });
  for (const word of words) expect(stderr).toContain(word);
}

async function expectEnd(schedule: Scheduling): Promise<void> {
  expect(await schedule.stop()).toMatchObject({ exitCode: 0 });
}

describe("while a schedule runs", () => {
  it(
    "the folder of the target goes away",
    async () => {
      await proven();
      const schedule = await running();
      renameSync(repo, path("elsewhere"));
      await change("w");
      await expectAlarm(schedule, "NADB_NOT_A_REPOSITORY");
      await expectHealth(6, ["there is no repository"]);
      expect(readdirSync(path())).not.toContain("backups"); // nobody makes another
      await expectEnd(schedule);
    },
    LONG,
  );

  it.skipIf(noDisks !== undefined)(
    "the disk of the target goes away, and nothing is written where it was mounted",
    async () => {
      const disk = SmallDisk.mount();
      repo = disk.folder;
      await proven();
      const schedule = await running();
      disk.unmount();
      await change("w");
      await expectAlarm(schedule, "NADB_NOT_A_REPOSITORY");
      await expectHealth(6, ["there is no repository"]);
      await expectEnd(schedule);
      expect(readdirSync(repo)).toEqual([]);
    },
    LONG,
  );

  it.skipIf(noDisks !== undefined)(
    "the disk of the target fills up",
    async () => {
      const disk = SmallDisk.mount();
      repo = disk.folder;
      await proven();
      const schedule = await running();
      disk.fill();
      await change("w");
      await expectAlarm(schedule, "NADB_IO");
      expect(told("incremental").error.message).toMatch(/no space left/i);
      await expectHealth(6, ["at most 0 s are allowed", "1 version"]);
      await expectEnd(schedule);
      expect((await nadb("backup verify good")).exitCode).toBe(0);
    },
    LONG,
  );

  it(
    "the store goes away",
    async () => {
      await proven();
      const schedule = await running();
      renameSync(path("data"), path("elsewhere"));
      await expectAlarm(schedule, "NADB_NOT_A_STORE");
      await expectHealth(6, ["there is no store"]);
      await expectEnd(schedule);
    },
    LONG,
  );

  it(
    "the index of the repository is deleted",
    async () => {
      await proven();
      const schedule = await running();
      rmSync(join(repo, "metadata.json"));
      schedule.forget();
      const run = await schedule.next(({ outcome }) => outcome === "flagged");
      expect(run).toMatchObject({ job: "incremental", error: null });
      expect(run.flags.join()).toContain("index");
      expect(told("incremental")).toMatchObject({ outcome: "flagged" });
      const { length } = web.it.heartbeats;
      await schedule.next(({ outcome }) => outcome === "flagged");
      expect(web.it.heartbeats).toHaveLength(length);
      await expectHealth(5, ["it is lost or damaged"]);
      await expectEnd(schedule);
    },
    LONG,
  );

  it.skipIf(!canBeNobody).each([
    ["read", 0o300, 6, "EACCES"],
    ["write", 0o500, 6, "at most 0 s are allowed"],
  ])(
    "the permission to %s the repository is withdrawn",
    async (_, mode, exitCode, reason) => {
      await proven();
      giveToNobody(path());
      const schedule = await running(NOBODY);
      chmodSync(repo, mode);
      try {
        await nadb("set k w", AS_NOBODY);
        await expectAlarm(schedule, "NADB_IO");
        await expectHealth(exitCode, [reason], AS_NOBODY);
        await expectEnd(schedule);
      } finally {
        chmodSync(repo, 0o700);
      }
    },
    LONG,
  );
});

/** Whoever has no power but over what is theirs. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const AS_NOBODY = process.getuid?.() === 0 ? { user: NOBODY } : {};
const canBeNobody =
  process.platform !== "win32" &&
  (process.getuid?.() !== 0 ||
    spawnSync(process.execPath, [PROGRAM, "--version"], NOBODY).status === 0);

function giveToNobody(folder: string): void {
  if (process.getuid?.() !== 0) return;
  for (const name of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })])
    chownSync(join(folder, name), NOBODY.uid, NOBODY.gid);
}

describe("a process that archives is killed", () => {
  it(
    "of its own: the runs of a schedule are flagged, the heartbeat falls silent, and health is red",
    async () => {
      await proven();
      const archiver = start(["backup", "archive", "--every", "100ms"], { cwd: path() });
      const lines = createInterface(archiver.stdout);
      await change("w");
      await once(lines, "line"); // a segment
      configure({ verify: "* * * * * *", catchUp: false }, { ...health, maxAge: "off" }); // it is the archive that is judged
      const schedule = Scheduling.start({ cwd: path() });
      await schedule.next(done);
      expect(web.it.heartbeats.length).toBeGreaterThan(0);
      const exit = ended(archiver);
      archiver.kill("SIGKILL");
      await exit;
      await change("x");
      await expectHealth(6, ["it is 1 version"]);
      const run = await schedule.next(({ outcome }) => outcome === "flagged"); // once its promise is broken
      expect(run.flags.join()).toContain("the archive: it is 1 version");
      expect(told("verify")).toMatchObject({ outcome: "flagged" });
      const { length } = web.it.heartbeats;
      schedule.forget();
      await schedule.next(({ outcome }) => outcome === "flagged");
      expect(web.it.heartbeats).toHaveLength(length);
      await expectEnd(schedule);
    },
    LONG,
  );

  it(
    "with its schedule: no heartbeat comes, and health needs nobody to be red",
    async () => {
      await proven();
      const schedule = await running();
      schedule.child.kill("SIGKILL");
      await schedule.ended;
      const { length } = web.it.heartbeats;
      await change("w");
      await expectHealth(6, ["it is 1 version", "at most 0 s are allowed"]);
      expect(web.it.heartbeats).toHaveLength(length);
    },
    LONG,
  );
});

describe("an archive that a schedule is to keep", () => {
  it("and that was never begun is critical", async () => {
    await proven();
    configure({ archive: {} });
    await expectHealth(6, ["nothing was ever archived"]);
  });
});
