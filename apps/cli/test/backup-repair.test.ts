// nadb backup repair: what it shows, what it does, and how it ends.
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
    const { exitCode, stdout } = await nadb("backup repair --yes --json");
    expect(exitCode).toBe(3);
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
