// Repositories inside stores at the command line: --repo with the URL of a store, and commands that meet there.
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const { nadb, json, path } = inFolder();

const REPO = "fs:./elsewhere";

async function must(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await nadb(line);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

async function refused(line: string, exitCode: number, ...says: readonly string[]): Promise<void> {
  const ran = await nadb(line);
  expect(ran.exitCode, ran.stderr).toBe(exitCode);
  expect(ran.stdout).toBe("");
  for (const words of says) expect(ran.stderr).toContain(words);
}

async function idsIn(repo = REPO): Promise<string[]> {
  const { backups } = await json(`backup list --repo ${repo}`);
  return backups.map(({ backupId }: { backupId: string }) => backupId);
}

describe("--repo with the URL of a store", () => {
  it("takes, lists, verifies, restores, pins and deletes backups there", async () => {
    await must("set a 1");
    await must(`backup create full --repo ${REPO}`);
    await must("set b 2");
    await must(`backup create next --incremental --repo ${REPO}`);
    expect(await idsIn()).toEqual(["full", "next"]);
    expect(await idsIn(`${REPO}#backups`)).toEqual(["full", "next"]);
    expect(await idsIn(`${REPO}#backups/default`)).toEqual(["full", "next"]);
    await must(`backup verify --all --repo ${REPO}`);
    await must("set b changed");
    await must(`backup restore next --clear --yes --repo ${REPO}`);
    expect(await must("get b")).toBe("2");
    await must(`backup pin full --repo ${REPO}`);
    await refused(`backup delete full --yes --repo ${REPO}`, 1, "NADB_CONFLICT");
    await must(`backup unpin full --repo ${REPO}`);
    await must(`backup delete next --yes --repo ${REPO}`);
    expect(await idsIn()).toEqual(["full"]);
    await must(`backup verify full --repo ${REPO}`);
    await must(`backup drill full --repo ${REPO}`);
    await must(`backup health --repo ${REPO}`);
    await must(`backup repair --yes --repo ${REPO}`);
  });

  it("is a place of its own for each database and namespace", async () => {
    await must("set a 1");
    await must(`backup create one --repo ${REPO}#x/y`);
    await must(`backup create two --repo ${REPO}#x/z`);
    expect(await idsIn(`${REPO}#x/y`)).toEqual(["one"]);
    expect(await idsIn(`${REPO}#x/z`)).toEqual(["two"]);
    await refused(`backup list --repo ${REPO}#x/w`, 10, "NADB_NOT_A_REPOSITORY", `${REPO}#x/w`);
  });

  it("may be the store of the data, beside them", async () => {
    await must("set a 1");
    await must("backup create set --all-namespaces --repo fs:./data");
    expect(await idsIn("fs:./data")).toEqual(["set.default.default"]);
    const left = "backups/default is left out: a repository lies in it\n";
    for (const line of ["backup create set2", "backup health --repo fs:./data --no-source"]) {
      const { stderr } = await nadb(`${line} --all-namespaces`);
      expect(stderr.includes(left)).toBe(!line.includes("--no-source"));
    }
    expect((await nadb("backup health --all-namespaces")).stderr).toContain(left);
    await must("backup restore set --all-namespaces --clear --yes --repo fs:./data");
    expect(await idsIn("fs:./data")).toEqual(["set.default.default"]);
    expect(await must("get a")).toBe("1");
  }, 60_000);

  it("is refused where the data are that are backed up, however it is written", async () => {
    await must("set a 1");
    const data = path("data");
    await refused("backup create b --repo fs:./data#default/default", 2, "namespace");
    await refused(`backup create b --repo fs:${data}#default/default`, 2, "itself");
    await refused(`backup create b --repo fs:${data}#default`, 2, "itself");
    await refused(`backup create b --repo fs:${data}#default --namespace other`, 10, "other rec");
    expect(await must("keys")).toBe("a\n");
  });

  it("refused, it leaves nothing that a set of all namespaces would leave out", async () => {
    await must("set seed 1 --namespace other");
    await refused("backup create x --repo fs:././data#default/default", 2, "nobody has written");
    await must("set order 42");
    expect((await json("keys")).keys).toEqual(["order"]);
    const set = await json("backup create nightly --all-namespaces");
    expect(set.backups).toHaveLength(2);
    expect(set.leftOut).toEqual([]);
  });

  it.each([
    ["backup list --repo fs:./nosuch", 10, "NADB_NOT_A_STORE"],
    ["backup create b --repo memory:", 2, "gone when this command ends"],
    ["backup create b --repo s3://bucket", 2, "s3://bucket"],
    ["backup create b --repo fs:./x#a/b/c", 2, "NADB_INVALID_ARGUMENT"],
    ["backup create b --repo fs:./x#a/", 2, "namespace"],
    ["backup create b --repo fs:./x#", 2, "database name"],
    ["backup create b --repo redis://me:secret@h/0#a/b/c", 2, "redis://***@h/0#a/b/c"],
    ["backup create b --repo redis://:se#cret@h", 2, "must be escaped"],
    ["backup export-python b redis://:secret@h", 2, "redis://***@h"],
    ["redis://:secret@h", 2, "redis://***@h"],
  ])("%s: refused", async (line, exitCode, says) => {
    await must("set a 1");
    await refused(line, exitCode, says);
  });

  it("comes from NADB_REPO", async () => {
    await must("set a 1");
    const { exitCode } = await nadb("backup create b", { env: { NADB_REPO: REPO } });
    expect(exitCode).toBe(0);
    expect(await idsIn()).toEqual(["b"]);
  });

  it("comes from a config file, and begins in the folder of that", async () => {
    mkdirSync(path("a/b"), { recursive: true });
    writeFileSync(path("nadb.config.json"), JSON.stringify({ store: "fs:./data", repo: REPO }));
    await must("set a 1");
    const below = await nadb("backup create b", { cwd: path("a/b") });
    expect(below.exitCode, below.stderr).toBe(0);
    expect(await idsIn(`fs:${path("elsewhere")}`)).toEqual(["b"]);
    expect(await idsIn(`fs:${path("elsewhere")}#backups/default`)).toEqual(["b"]);
  });
});

describe("commands that meet in a repository inside a store", () => {
  it("one of those who take a backup of one name wins, and others are as good as alone", async () => {
    await must("set a 1");
    await must(`backup create old --repo ${REPO}`);
    for (let round = 0; round < 3; round++) {
      const names = [`same${round}`, `same${round}`, `same${round}`, `own${round}`];
      const all = [
        ...names.map((name) => nadb(`backup create ${name} --repo ${REPO}`)),
        nadb(`backup verify old --repo ${REPO}`),
      ];
      const ends = await Promise.all(all);
      const codes = ends.map(({ exitCode }) => exitCode);
      expect(codes.slice(0, 3).filter((code) => code === 0)).toHaveLength(1);
      expect(codes.slice(3)).toEqual([0, 0]);
      for (const { exitCode, stderr } of ends)
        if (exitCode !== 0) expect(stderr).toMatch(/NADB_(ALREADY_EXISTS|LOCKED)/);
    }
    expect((await idsIn()).sort()).toEqual(
      ["old", "own0", "own1", "own2", "same0", "same1", "same2"].sort(),
    );
    await must(`backup verify --all --repo ${REPO}`);
  }, 60_000);
});
