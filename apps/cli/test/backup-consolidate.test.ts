// nadb backup consolidate: a full of the same cut, made of the chain alone.
import { renameSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("backup consolidate", () => {
  const { nadb, json, path, open } = inFolder();

  /** A full and three incrementals; then the store is gone. */
  beforeEach(async () => {
    await using store = await open();
    for (const [i, id] of ["full", "one", "two", "three"].entries()) {
      await store.set(`k${i}`, `value ${i}`);
      if (i > 0) await store.delete(`k${i - 1}`);
      await json(`backup create ${id}${i > 0 ? " --incremental" : ""}`);
    }
  });

  const loseStore = (): void => renameSync(path("data"), path("gone"));

  const digestOf = async (id: string): Promise<string> =>
    (await json(`backup restore ${id} --clear --yes --store fs:./copy`)).stateDigest;

  it("makes a full of the same state without the store; what hangs on it still restores", async () => {
    const before = { two: await digestOf("two"), three: await digestOf("three") };
    loseStore();
    const { dryRun, plan, backup } = await json("backup consolidate two --yes");
    expect(dryRun).toBe(false);
    expect(plan).toMatchObject({
      backupId: "two",
      onto: null,
      merged: ["full", "one", "two"],
      changeCount: 5,
      recordCount: 1,
      totalSize: 7,
      dependents: ["three"],
    });
    expect(backup).toMatchObject({
      backupId: "two",
      backupType: "full",
      parentBackupId: null,
      recordCount: 1,
    });
    expect(await json("backup verify two --level full")).toMatchObject({ ok: true });
    await json("backup delete one --force --yes");
    await json("backup delete full --force --yes");
    expect({ two: await digestOf("two"), three: await digestOf("three") }).toEqual(before);
    expect(
      (await json("backup show three")).chain.map((info: { backupId: string }) => info.backupId),
    ).toEqual(["two", "three"]);
    expect((await json("backup verify --all")).ok).toBe(true);
  });

  it("--dry-run prints the plan, and does nothing", async () => {
    loseStore();
    const before = await json("backup list");
    const { exitCode, stdout, stderr } = await nadb("backup consolidate two --dry-run");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.split("\n").map((line) => line.replace(/\d+ B stored/, "… stored"))).toEqual([
      "merge      full + one + two into two",
      "becomes    a full backup",
      "reads      5 changes, … stored",
      "restores   to the same state: 1 record, 7 B",
      "as it was  full, one",
      "on it      three",
      "in         ./backups",
      "",
    ]);
    expect(await json("backup consolidate two --dry-run")).toMatchObject({
      dryRun: true,
      backup: null,
    });
    expect(await json("backup list")).toEqual(before);
  });

  it("asks, and where nobody can be asked does nothing without --yes", async () => {
    const before = await json("backup list");
    const refused = await nadb("backup consolidate two");
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^merge {6}full \+ one \+ two into two$/m);
    expect(refused.stderr).toMatch(/NADB_INVALID_ARGUMENT: there is no terminal/);
    expect(await json("backup list")).toEqual(before);
    const done = await nadb("backup consolidate two --yes");
    expect(done.stdout).toMatch(
      /^consolidated two: a full backup of 1 record, \d+ B stored, in \d+\.\d s\n$/,
    );
  });

  it("--onto keeps it an incremental; what needs nothing else is no work", async () => {
    const { backup } = await json("backup consolidate three --onto full --yes");
    expect(backup).toMatchObject({ backupType: "incremental", parentBackupId: "full" });
    expect((await nadb("backup consolidate three --onto full")).stdout).toBe(
      "three goes on from full already: there is nothing to merge\n",
    );
    const none = await nadb("backup consolidate full");
    expect(none).toMatchObject({
      exitCode: 0,
      stdout: "full is a full backup: there is nothing to merge\n",
    });
    expect(await json("backup consolidate full")).toMatchObject({
      plan: { merged: [] },
      backup: null,
    });
  });

  it.each([
    ["backup consolidate nosuch --yes", 1, "NADB_NOT_FOUND"],
    ["backup consolidate one --onto two --yes", 2, "NADB_INVALID_ARGUMENT"],
    ["backup consolidate ../x --yes", 2, "NADB_INVALID_ARGUMENT"],
    ["backup consolidate two --repo nowhere --yes", 10, "NADB_NOT_A_REPOSITORY"],
  ])("%s is refused with exit %i", async (command, exitCode, code) => {
    const refused = await nadb(`${command} --json`);
    expect({ exitCode: refused.exitCode, stdout: refused.stdout }).toEqual({
      exitCode,
      stdout: "",
    });
    expect(JSON.parse(refused.stderr)).toMatchObject({ code });
  });
});
