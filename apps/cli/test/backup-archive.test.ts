// nadb backup archive, points, history, restore --at and get --at, as processes.
import { once } from "node:events";
import { mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { ended, inFolder, start } from "./support/nadb.js";

interface Point {
  readonly id: string;
  readonly version: number;
  readonly effectiveTime: number;
}

/** For tests of many commands, each a process, on a machine that has other work. */
const LONG = 180_000;

const iso = (time: number): string => new Date(time).toISOString();

describe("backup archive", { timeout: LONG }, () => {
  const { path, nadb, json } = inFolder();

  /** Values "1" to "4" of one key, each archived, without a gap however slow the machine is; answers the points. */
  async function archived(): Promise<Point[]> {
    for (const value of ["1", "2", "3", "4"]) {
      await json(`set k ${value}`);
      expect((await nadb("backup archive --once --every 1m")).exitCode).toBe(0);
    }
    return (await json("backup points")).points;
  }

  it("--once archives what has changed, one line for each; nothing when nothing has", async () => {
    await json("set k 1");
    expect((await nadb("backup archive --once")).stdout).toMatch(
      /^\S+Z {2}backup {3}archive-.*1 record/,
    );
    await json("set k 2");
    expect((await nadb("backup archive --once")).stdout).toMatch(
      /Z {2}segment {2}version 2, 1 change/,
    );
    expect((await nadb("backup archive --once")).stdout).toBe("");
    const unchanged = await nadb("backup archive --once --json");
    expect(JSON.parse(unchanged.stdout)).toMatchObject({ event: "unchanged" });
    await json("delete k");
    const { stdout } = await nadb("backup archive --once --json");
    expect(JSON.parse(stdout)).toMatchObject({ event: "segment", from: 2, to: 3, fileCount: 1 });
  });

  it("points lists what can be restored, as a table and as JSON", async () => {
    await json("set k 1");
    const none = await nadb("backup archive --explain");
    expect(none.stdout).toBe("every cut is kept for ever\n");
    const points = await archived();
    expect(points.map(({ version }) => version)).toEqual([2, 3, 4, 5]);
    const text = (await nadb("backup points")).stdout;
    expect(text).toContain(iso(points[0]?.effectiveTime as number));
    expect(text).toContain("4 points");
  });

  it("restore --at brings the newest state not later, and says which it was", async () => {
    const points = await archived();
    const [first, second, third] = points.map(({ effectiveTime }) => effectiveTime) as [
      number,
      number,
      number,
    ];
    const dry = await json(`backup restore --at ${iso(second)} --dry-run`);
    expect(dry).toMatchObject({ change: 1, point: { effectiveTime: second } });
    const done = await json(`backup restore --at ${iso(third - 1)} --store fs:./other --yes`);
    expect(done).toMatchObject({
      recordCount: 1,
      point: { kind: "segment", effectiveTime: second },
    });
    expect((await nadb("get k --store fs:./other")).stdout).toBe("2");
    const early = await nadb(`backup restore --at ${iso(first - 1)} --yes`);
    expect(early).toMatchObject({ exitCode: 1 });
    expect(early.stderr).toContain(iso(first));
    expect((await nadb("get k")).stdout).toBe("4");
  });

  it("restore --at a time that no point reaches says so, unless the store has nothing newer", async () => {
    await archived();
    const at = "backup restore --at 2099-01-01T00:00:00Z --dry-run";
    const same = await nadb(at);
    expect(same).toMatchObject({
      exitCode: 0,
      stderr: expect.not.stringContaining("newest point"),
    });
    await json("set k 5");
    expect((await nadb(at)).stderr).toContain("the store has 1 version more, in no point");
    expect(await json(at)).toMatchObject({ beyondNewest: { versions: 1 } });
    const other = `${at} --store fs:./other`;
    expect((await nadb(other)).stderr).toContain("whether anything came after it is not known");
    expect(await json(other)).toMatchObject({ beyondNewest: { versions: null } });
  });

  it("points --all names each, and restore --point brings the one that is named", async () => {
    const points = await archived();
    const { stdout } = await nadb("backup points --all");
    const ids = stdout
      .split("\n")
      .slice(1, 5)
      .map((line) => line.split(/ +/)[2]);
    expect(ids).toEqual(points.map(({ id }) => id));
    const done = await json(`backup restore --point ${ids[1]} --yes`);
    expect(done).toMatchObject({ point: { id: ids[1] } });
    expect((await nadb("get k")).stdout).toBe("2");
    const none = await nadb("backup restore --point nosuch --yes");
    expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("points --all") });
  });

  it("verify --archive finds a damaged segment, and ends with exit 4", async () => {
    await archived();
    const sound = await nadb("backup verify --archive");
    expect(sound.stdout).toBe("archive of default/default: sound, 3 segments\n");
    const generations = path("backups/archive/default/default");
    const [generation = ""] = readdirSync(generations).filter((name) => !name.endsWith(".json"));
    const [data = ""] = readdirSync(join(generations, generation)).filter((name) =>
      name.endsWith(".nadb"),
    );
    writeFileSync(join(generations, generation, data), "damaged");
    const found = await nadb("backup verify --archive --level quick");
    expect(found).toMatchObject({ exitCode: 4 });
    expect(found.stdout).toContain(data);
    expect((await nadb("backup verify --archive one")).exitCode).toBe(2);
  });

  it("get --at and history answer without a store", async () => {
    const points = await archived();
    const [, second, , fourth] = points.map(({ effectiveTime }) => effectiveTime);
    const gone = { env: { NADB_STORE: "fs:./nowhere" } };
    expect((await nadb(`backup get k --at ${iso(second as number)}`, gone)).stdout).toBe("2");
    const { versions } = await json("backup history k", gone);
    expect(versions.map(({ version, bytes }: Record<string, number>) => [version, bytes])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
    expect((await nadb("backup history k", gone)).stdout.split("\n")).toHaveLength(6);
    const none = await nadb(`backup get none --at ${iso(fourth as number)}`, gone);
    expect(none).toMatchObject({ exitCode: 1, stdout: "" });
    expect((await nadb("backup history none", gone)).exitCode).toBe(1);
  });

  it("--explain says what a policy promises; one that can not be kept is refused", async () => {
    const explained = await nadb("backup archive --policy 1s:1h,1m:24h,1d:90d --explain");
    expect(explained.stdout.split("\n").slice(0, 4)).toEqual([
      "the state at every full second can be restored for 1 hour",
      "the state at every full minute can be restored for 1 day",
      "the state at every full day can be restored for 90 days",
      "older than 90 days: only what backups hold",
    ]);
    for (const policy of ["1m:1h,1s:24h", "1s", "7s:1h,1m:24h", "1s:1h:1d", "never"]) {
      expect((await nadb(`backup archive --policy ${policy} --explain`)).exitCode).toBe(2);
    }
    for (const options of ["--every 0s --once", "--explain --once", "--explain --replace-policy"])
      expect((await nadb(`backup archive ${options}`)).exitCode).toBe(2);
  });

  it("--explain without a policy says what is declared; what can not be held is refused", async () => {
    await json("set k 1");
    await nadb("backup archive --once --every 1m --policy 1m:1h");
    expect(await json("backup archive --explain")).toEqual({
      everySeconds: 60,
      policy: [{ everySeconds: 60, forSeconds: 3_600 }],
      declared: true,
      promises: [
        "the state at every full minute can be restored for 1 hour",
        "older than 1 hour: only what backups hold",
      ],
    });
    const everything = await json("backup archive --explain --policy everything");
    expect(everything).toMatchObject({ policy: null, declared: false });
    for (const options of ["--every 1m --policy 1s:1h", "--every 5m", "--every 2d"])
      for (const what of ["--explain", "--once"])
        expect((await nadb(`backup archive ${what} ${options}`)).exitCode).toBe(2);
  });

  it("a policy that promises less is refused, but with --replace-policy; without one the declared stays", async () => {
    for (const value of ["1", "2", "3"]) {
      await json(`set k ${value}`);
      await nadb("backup archive --once --policy 1s:5d");
    }
    const declared = async () => (await json("backup archive --explain")).policy;
    const narrower = "backup archive --once --policy 1h:2h";
    const { exitCode, stderr } = await nadb(narrower);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("NADB_CONFLICT");
    expect(stderr).toContain("the state at every full second for 5 days");
    expect(stderr).toContain("--replace-policy");
    await nadb("backup archive --once");
    expect(await declared()).toEqual([{ everySeconds: 1, forSeconds: 432_000 }]);
    expect((await nadb(`${narrower} --replace-policy`)).exitCode).toBe(0);
    expect(await declared()).toEqual([{ everySeconds: 3_600, forSeconds: 7_200 }]);
    expect((await nadb("backup archive --once --policy everything")).exitCode).toBe(0);
    expect(await declared()).toBeNull();
  });

  it("points, history and archive tell each time as a number, and as text that --at takes", async () => {
    const points = await archived();
    await json("set k 5");
    const told = JSON.parse((await nadb("backup archive --once --json")).stdout);
    const { latest, stretches } = await json("backup points");
    const { versions } = await json("backup history k");
    for (const one of [told, latest, stretches[0].from, points[1], versions[0]])
      expect(one.timestamp).toBe(iso(one.time));
    expect(latest).toMatchObject({ at: iso(latest.effectiveTime), time: told.time });
    expect((await nadb(`backup get k --at ${latest.at}`)).stdout).toBe("5");
  });

  it.each([
    ["backup restore", "name a backup, or give --at"],
    ["backup restore one --at 2030-01-01T00:00:00Z", "one of them"],
    ["backup restore one --point two", "one of them"],
    ["backup restore --all-namespaces one --point two", "no time or point"],
    ["backup restore --at yesterday", "no ISO time"],
    ["backup restore --all-namespaces --at 2030-01-01T00:00:00Z", "no time"],
    ["backup get one", "a key is missing"],
    ["backup get one k --at 2030-01-01T00:00:00Z", "without a backup"],
    ["backup get k --at noon", "no ISO time"],
  ])("%s is refused", async (args, says) => {
    await json("set k 1");
    await json("backup create one");
    const { exitCode, stderr } = await nadb(args);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
    expect(stderr).toContain(says);
  });

  it("without a store nothing is made; without a repository nothing is read", async () => {
    expect((await nadb("backup archive --once")).exitCode).toBe(10);
    for (const args of [
      "backup points",
      "backup history k",
      "backup get k --at 2030-01-01T00:00:00Z",
    ])
      expect((await nadb(args)).exitCode).toBe(10);
  });

  it("makes a repository only in the place of none, beside something: an empty folder may be a disk", async () => {
    await json("set k 1");
    const refused = ["disk", "disk/shop", "disk/nobody/shop"];
    mkdirSync(path("disk"));
    for (const repo of refused) {
      const { exitCode, stderr } = await nadb(`backup archive --once --repo ${repo}`);
      expect({ repo, exitCode, stderr }).toMatchObject({ exitCode: 10 });
      expect(stderr).toContain("is its disk mounted?");
    }
    expect(readdirSync(path("disk"))).toEqual([]);
    expect((await nadb("backup archive --once --repo beside")).exitCode).toBe(0);
    expect((await nadb("backup create --repo disk")).exitCode).toBe(0);
    expect((await nadb("backup archive --once --repo disk")).exitCode).toBe(0);
  });

  it.each([
    ["backups", "NADB_NOT_A_REPOSITORY"],
    ["data", "NADB_NOT_A_STORE"],
  ])(
    "ends when another folder is in the place of %s, and writes nothing there",
    async (folder, code) => {
      await json("set k 0");
      const child = start(["backup", "archive", "--every", "5ms"], { cwd: path() });
      const end = ended(child);
      await once(createInterface(child.stdout), "line");
      if (folder === "data") await json("set k 1 --store fs:./other");
      else mkdirSync(path("other"));
      renameSync(path(folder), path("gone"));
      renameSync(path("other"), path(folder));
      const { exitCode, stderr } = await end;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 10 });
      expect(stderr).toContain(code);
      if (folder === "backups") expect(readdirSync(path(folder))).toEqual([]);
    },
  );

  it("interrupted by hand it ends with 130", async () => {
    await json("set k 0");
    const child = start(["backup", "archive", "--every", "5ms"], { cwd: path() });
    const end = ended(child);
    await once(createInterface(child.stdout), "line");
    child.kill("SIGINT");
    expect(await end).toMatchObject({ exitCode: 130 });
    expect((await nadb("backup archive --once")).exitCode).toBe(0);
  });

  it("follows until it is told to end, and a second one is refused meanwhile", async () => {
    await json("set k 0");
    const child = start(["backup", "archive", "--every", "5ms", "--json"], { cwd: path() });
    const lines = createInterface(child.stdout);
    const end = ended(child);
    const said: { event: string; to?: number }[] = [];
    lines.on("line", (line) => said.push(JSON.parse(line)));
    const until = async (isThere: () => boolean) => {
      while (!isThere()) await once(lines, "line");
    };
    await until(() => said.length === 1);
    expect((await nadb("backup archive --once")).exitCode).toBe(11);
    for (const value of ["1", "2"]) await json(`set k ${value}`);
    await until(() => said.at(-1)?.to === 3);
    child.kill("SIGTERM");
    expect(await end).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await nadb("backup archive --once")).stdout).toBe("");
    expect(await json("backup points")).toMatchObject({ gaps: [], latest: { version: 3 } });
  });
});
