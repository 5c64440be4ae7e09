// nadb backup health, drill and accept: what they print, where, and with which exit code.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("backup health, drill and accept", () => {
  const { nadb, json, path } = inFolder();

  async function healthy(): Promise<void> {
    await nadb("set k v");
    await nadb("backup create b");
    await nadb("backup drill");
  }

  interface Check {
    readonly name: string;
    readonly status: string;
  }

  const health = async (args = "") => {
    const { exitCode, stdout } = await nadb(`backup health${args} --json`);
    const { checks, ...document } = JSON.parse(stdout);
    const bad = checks.filter(({ status }: Check) => status !== "ok");
    return { exitCode, ...document, bad: bad.map(({ name }: Check) => name) };
  };

  it("after a backup and a drill is ok", async () => {
    await healthy();
    const { exitCode, stdout, stderr } = await nadb("backup health");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^default\/default: ok\nok {2}repository +it can be read\n/);
  });

  it("exits 5 for a warning and 6 when critical, the result on stdout, why on stderr", async () => {
    await nadb("set k v");
    await nadb("backup create b");
    const warning = await nadb("backup health");
    expect(warning.exitCode).toBe(5);
    expect(warning.stdout).toContain("default/default: warning");
    expect(warning.stderr).toContain("NADB_UNHEALTHY: warning: no full verification");
    await nadb("backup delete b --force --yes");
    const critical = await nadb("backup health --json");
    expect(critical.exitCode).toBe(6);
    expect(JSON.parse(critical.stdout)).toMatchObject({ status: "critical" });
    expect(JSON.parse(critical.stderr)).toMatchObject({ code: "NADB_UNHEALTHY" });
  });

  it.each([
    ["no repository", "backups"],
    ["no store", "data"],
  ])("%s is critical", async (_, folder) => {
    await healthy();
    rmSync(path(folder), { recursive: true });
    expect(await health()).toMatchObject({ exitCode: 6, status: "critical" });
    const alone = { exitCode: folder === "data" ? 0 : 6 };
    expect(await health(" --no-source")).toMatchObject(alone);
  });

  it("a repository that is no folder is critical", async () => {
    await healthy();
    writeFileSync(path("file"), "x");
    expect(await health(" --repo ./file")).toMatchObject({ exitCode: 6, bad: ["repository"] });
  });

  it("a repository that nothing can be written to is a warning, unless nobody tries", async () => {
    await healthy();
    rmdirSync(path("backups", "readers"));
    writeFileSync(path("backups", "readers"), "in the way");
    expect(await health()).toMatchObject({ exitCode: 5, bad: ["repository"] });
    expect(await health(" --all-namespaces")).toMatchObject({ exitCode: 5 });
    expect(await health(" --no-probe")).toMatchObject({ exitCode: 0, bad: [] });
  });

  it("damage in the archive is listed in full each time, and health is critical from then on", async () => {
    await healthy();
    for (const value of ["1", "2"]) {
      await nadb(`set archived ${value}`);
      await nadb("backup archive --once");
    }
    await nadb("backup drill");
    const folder = path("backups", "archive", "default", "default");
    const [generation] = readdirSync(folder, { withFileTypes: true }).filter((one) =>
      one.isDirectory(),
    );
    const segments = join(folder, generation?.name ?? "");
    const damaged = [
      join(segments, readdirSync(segments).find((name) => name.endsWith(".nadb")) ?? ""),
      path("backups", "b", "data.nadb"),
    ];
    for (const file of damaged) {
      const sound = readFileSync(file);
      writeFileSync(
        file,
        Uint8Array.from(sound, (byte, i) => (i === 100 ? byte ^ 0xff : byte)),
      );
      for (let run = 0; run < 2; run++) {
        const { exitCode, stdout } = await nadb("backup verify --archive --json");
        expect(exitCode).toBe(4);
        const { findings, recorded } = JSON.parse(stdout);
        expect(findings[0].detail).toContain(file.slice(path("backups").length + 1));
        expect(recorded).toBe(true);
        expect(readdirSync(path("backups", "readers"))).toEqual([]);
      }
      expect(await health()).toMatchObject({ exitCode: 6, bad: ["archive"] });
      writeFileSync(file, sound);
      expect((await nadb("backup verify --archive")).exitCode).toBe(0);
      expect(await health()).toMatchObject({ exitCode: 0 });
    }
  });

  it("a lost index is a warning", async () => {
    await healthy();
    rmSync(path("backups", "metadata.json"));
    expect(await health()).toMatchObject({ exitCode: 5, bad: ["index"] });
  });

  it("judges by the limits of the options, then of the config file", async () => {
    await healthy();
    await nadb("backup create --incremental --parent b c");
    await nadb("set k w");
    expect(await health(" --max-age 1ms")).toMatchObject({ bad: ["age"] });
    expect(await health(" --max-chain 1")).toMatchObject({ exitCode: 5, bad: ["chain"] });
    const limits = { maxAge: "1ms", maxChain: 1, maxUndrilled: "off" };
    writeFileSync(path("nadb.config.json"), JSON.stringify({ health: limits }));
    expect(await health()).toMatchObject({ exitCode: 6, bad: ["age", "chain"] });
    expect(await health(" --max-age 1d --max-chain 9")).toMatchObject({ exitCode: 0 });
  });

  it.each([
    "--max-age 5",
    "--max-chain 0",
    "--max-lag -1s",
    "--prometheus - --json",
    "--all-namespaces --max-age 5",
    "--all-namespaces --namespace n",
  ])("refuses %s", async (option) => {
    expect((await nadb(`backup health ${option}`)).exitCode).toBe(2);
  });

  it("writes metrics to standard output, or in one step to a file, whatever the health", async () => {
    mkdirSync(path("metrics"));
    const printed = await nadb("backup health --prometheus -");
    expect(printed.exitCode).toBe(6);
    expect(printed.stdout).toContain('nadb_backup_health{db="default",namespace="default"} 2\n');
    await healthy();
    const written = await nadb("backup health --prometheus metrics/nadb.prom");
    expect(written.exitCode).toBe(0);
    expect(written.stdout).toContain("default/default: ok");
    expect(readdirSync(path("metrics"))).toEqual(["nadb.prom"]);
    const text = readFileSync(path("metrics", "nadb.prom"), "utf8");
    expect(text).toContain('nadb_backup_health{db="default",namespace="default"} 0\n');
    const nowhere = await nadb("backup health --prometheus nowhere/nadb.prom");
    expect(nowhere).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(": ok") });
    expect(nowhere.stderr).toContain("writing nowhere/nadb.prom");
  });

  it("a file that can not be written hides no bad health", async () => {
    const critical = await nadb("backup health --prometheus nowhere/nadb.prom");
    expect(critical).toMatchObject({ exitCode: 6, stdout: expect.stringContaining("critical") });
    expect(critical.stderr).toContain("writing nowhere/nadb.prom");
    expect(critical.stderr).toContain("NADB_UNHEALTHY");
    await nadb("set k v");
    await nadb("backup create b");
    const warning = await nadb("backup health --json --prometheus nowhere/nadb.prom");
    expect(warning.exitCode).toBe(5);
    const codes = warning.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).code);
    expect(codes).toEqual(["NADB_NOT_FOUND", "NADB_UNHEALTHY"]);
  });

  it("--all-namespaces judges each, the worst counts, and the metrics are one text", async () => {
    await healthy();
    expect((await nadb("backup health --all-namespaces")).stdout).toMatch(
      /^all namespaces: ok\nok {2}repository.*\nok {2}source.*\n\ndefault\/default: ok\n$/,
    );
    await nadb("set k v --namespace other");
    const { exitCode, stdout, stderr } = await nadb(
      "backup health --all-namespaces --json --prometheus all.prom",
    );
    expect(exitCode).toBe(6);
    const all = JSON.parse(stdout);
    expect(all).toMatchObject({ status: "critical", db: null });
    expect(all.namespaces).toMatchObject([
      { namespace: "default", status: "ok" },
      { namespace: "other", status: "critical" },
    ]);
    expect(stderr).toContain("default/other: there is no backup at all");
    expect(stderr).not.toContain("default/default");
    const text = readFileSync(path("all.prom"), "utf8");
    expect(text).toContain("nadb_backup_all_health 2\n");
    for (const [name, value] of [
      ["default", 0],
      ["other", 2],
    ])
      expect(text).toContain(`nadb_backup_health{db="default",namespace="${name}"} ${value}\n`);
    expect((await nadb("backup health --all-namespaces --db other")).exitCode).toBe(6);
    expect((await nadb("backup health --all-namespaces --no-source")).exitCode).toBe(0);
  });

  it("--all-namespaces where neither store nor repository is known is critical", async () => {
    const { exitCode, stdout } = await nadb("backup health --all-namespaces --json");
    expect(exitCode).toBe(6);
    const checks = JSON.parse(stdout).checks.map(({ name }: Check) => name);
    expect(checks).toEqual(["repository", "source", "namespaces"]);
  });

  it("a drill leaves nothing in the store, and its evidence beside the backup", async () => {
    await nadb("set k v");
    await nadb("backup create b");
    const before = await json("stats");
    const drill = await json("backup drill b");
    expect(drill).toMatchObject({ backupId: "b", ok: true, recordCount: 1, recorded: true });
    expect(await json("stats")).toEqual(before);
    expect(readdirSync(path("backups", "b"))).toContain("drilled.json");
    const sets = await json("backup create set --all-namespaces");
    expect(sets.backups).toHaveLength(1);
  });

  it("a drill into another store needs none of its own", async () => {
    await nadb("set k v");
    await nadb("backup create b");
    rmSync(path("data"), { recursive: true });
    expect((await nadb("backup drill")).exitCode).toBe(10);
    const { exitCode, stdout } = await nadb("backup drill --into memory: --no-record");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/evidence +not kept/);
    expect(stdout).toMatch(/restored +1 record, /);
    expect((await json("backup drill --into fs:other")).backend).toBe("fs");
  });

  it.skipIf(!existsSync("/proc/self"))(
    "a drill into where nobody can make a store ends at once",
    async () => {
      await nadb("set k v");
      await nadb("backup create b");
      const { exitCode, stderr } = await nadb("backup drill --into fs:/proc/nope");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("NADB_IO");
    },
  );

  it("a drill of a damaged backup exits 4, and health is critical from then on", async () => {
    await healthy();
    const data = path("backups", "b", "data.nadb");
    const bytes = readFileSync(data);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(data, bytes);
    const { exitCode, stdout } = await nadb("backup drill b");
    expect(exitCode).toBe(4);
    expect(stdout).toContain("b: damaged");
    const bad = ["age", "verified", "drilled", "damage"];
    expect(await health()).toMatchObject({ exitCode: 6, bad });
  });

  it("a backup that is empty after one that was not is kept, and exits 3 until it is accepted", async () => {
    await nadb("set k v");
    await nadb("backup create one");
    await nadb("backup create two");
    await nadb("delete k");
    const { exitCode, stdout, stderr } = await nadb("backup create emptied --json");
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ created: true, anomalies: [{ kind: "empty" }] });
    expect(stderr).toContain("nadb backup accept emptied");
    const held = await nadb("backup prune --keep-last 1 --yes");
    expect(held.exitCode).toBe(3);
    expect(held.stderr).toContain("held: until emptied is accepted");
    expect((await json("backup list")).backups).toHaveLength(3);
    expect((await nadb("backup accept emptied --reason closed")).stdout).toBe(
      "accepted emptied: closed\n",
    );
    expect((await nadb("backup prune --keep-last 1 --yes")).exitCode).toBe(0);
  });
});
