// nadb backup repair: what it shows, what it does, and how it ends.
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("nadb backup repair", () => {
  const { nadb, path } = inFolder();

  async function twoBackups(): Promise<void> {
    await nadb("set a one");
    await nadb("backup create first");
    await nadb("set b two");
    await nadb("backup create second --incremental");
  }

  function damage(id: string): void {
    const file = path("backups", id, "data.nadb");
    const bytes = readFileSync(file);
    bytes[40] = (bytes[40] as number) ^ 1;
    writeFileSync(file, bytes);
  }

  it("of a repository in order says so and exits 0", async () => {
    await twoBackups();
    const { exitCode, stdout } = await nadb("backup repair");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("repaired: 0 steps taken");
  });

  it("--dry-run shows the plan, changes nothing, exits 4", async () => {
    await twoBackups();
    damage("second");
    const { exitCode, stdout } = await nadb("backup repair --dry-run");
    expect(exitCode).toBe(4);
    expect(stdout).toContain("quarantine");
    expect(stdout).toContain("next: take a full backup of default/default now");
    expect((await nadb("backup verify second")).exitCode).toBe(4);
  });

  it("needs --yes where nobody can be asked", async () => {
    await twoBackups();
    damage("second");
    expect((await nadb("backup repair")).exitCode).toBe(2);
    expect((await nadb("backup verify second")).exitCode).toBe(4);
  });

  it("moves what is damaged, exits 3, and is done then", async () => {
    await twoBackups();
    damage("second");
    const { exitCode, stdout, stderr } = await nadb("backup repair --yes --json");
    expect(exitCode).toBe(3);
    expect(stderr).toContain("1 in the quarantine");
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: false,
      left: [],
      done: [{ type: "quarantine", backupId: "second" }],
    });
    const { stdout: listed } = await nadb("backup list");
    expect(listed).toContain("first");
    expect(listed).not.toContain("second");
    expect((await nadb("backup verify --all")).exitCode).toBe(0);
    expect((await nadb("backup repair")).exitCode).toBe(0);
  });

  it("mends an index without a loss: exits 0", async () => {
    await twoBackups();
    rmSync(path("backups", "metadata.json"));
    const { exitCode, stdout } = await nadb("backup repair --yes");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("1 step taken");
    expect(readFileSync(path("backups", "metadata.json"), "utf8")).toContain("second");
  });
});

describe("nadb backup repair --salvage", () => {
  const { nadb, path } = inFolder();

  /** A full of many blocks, with one byte of its middle flipped on the disk. */
  async function damagedFull(): Promise<void> {
    for (const key of ["a", "b", "c", "d"]) {
      writeFileSync(path(`${key}.bin`), randomBytes(700_000));
      await nadb(`set ${key} --file ${path(`${key}.bin`)}`);
    }
    await nadb("backup create first");
    const file = path("backups", "first", "data.nadb");
    const bytes = readFileSync(file);
    bytes[bytes.length >> 2] = (bytes[bytes.length >> 2] as number) ^ 1;
    writeFileSync(file, bytes);
  }

  it("makes a new backup of the blocks that are left, lists what is lost, exits 3; show tells it later", async () => {
    await damagedFull();
    const { exitCode, stdout } = await nadb(
      "backup repair --salvage first --into saved --yes --json",
    );
    expect(exitCode).toBe(3);
    const { plan, info } = JSON.parse(stdout);
    expect(plan.losses).toMatchObject([
      {
        what: "blocks",
        path: "first/data.nadb",
        first: 0,
        count: 1,
        keys: { after: null, before: "c" },
        changes: 2,
      },
    ]);
    expect(info).toMatchObject({
      backupId: "saved",
      label: "salvaged",
      recordCount: 2,
      salvagedFrom: "first",
    });
    expect((await nadb("backup verify saved")).exitCode).toBe(0);
    expect((await nadb("backup verify first")).exitCode).toBe(4);
    const shown = await nadb("backup show saved");
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toMatch(/salvaged +from first/);
    expect(shown.stdout).toMatch(/blocks +first\/data.nadb +0, bytes 10 to \d+ +before c +2/);
    await nadb("delete c");
    expect((await nadb("backup restore saved --clear --yes")).exitCode).toBe(0);
    expect((await nadb("keys")).stdout).toBe("c\nd\n");
    const next = await nadb("backup create --incremental --fallback-to-full next");
    expect(next.stderr).toContain("first"); // the newest cut, which nothing can go on from
    expect(next.stderr).not.toContain("saved");
    expect(JSON.parse((await nadb("backup show next --json")).stdout)).toMatchObject({
      backupType: "full",
    });
  });

  it("--dry-run shows the plan and makes nothing", async () => {
    await damagedFull();
    const { exitCode, stdout } = await nadb("backup repair --salvage first --into saved --dry-run");
    expect(exitCode).toBe(3);
    expect(stdout).toContain("salvaged from first into saved: 2 records");
    expect((await nadb("backup show saved")).exitCode).toBe(1);
  });

  it("exits 0 where nothing of the state is lost, 2 where nothing is damaged or the call is wrong", async () => {
    await nadb("set a one");
    await nadb("backup create first");
    expect((await nadb("backup repair --salvage first --into saved --yes")).exitCode).toBe(2);
    expect((await nadb("backup repair --salvage first --yes")).exitCode).toBe(2);
    expect((await nadb("backup repair --into saved --yes")).exitCode).toBe(2);
    const file = path("backups", "first", "data.nadb");
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from("rubbish")]));
    expect((await nadb("backup repair --salvage first --into saved")).exitCode).toBe(2);
    expect((await nadb("backup repair --salvage first --into saved --yes")).exitCode).toBe(0);
    expect((await nadb("backup show saved")).stdout).toContain("nothing was lost");
  });
});
