// Deleting a backup that others are laid over: refused, or merged into them first.
import { describe, expect, it } from "vitest";
import { chainedSite } from "../support/chained.js";
import { copyOf, dieAtEveryStep, expectSound, nextProcess } from "../support/dying.js";
import { patchFile } from "../support/files.js";
import { filesOf as contentsOf } from "../support/overlay.js";

describe("delete › with consolidate", () => {
  it.each([
    ["full", ["one", "two"], ["one", "two"]],
    ["one", ["full", "two"], ["full", "two"]],
    ["two", ["full", "one"], ["full", "one"]],
  ])("%s: what is laid over it stays, with its content", async (id, left, chain) => {
    const { backups } = await chainedSite();
    const digests = new Map(
      (await backups.listBackups()).map((info) => [info.backupId, info.stateDigest]),
    );
    await backups.deleteBackup(id, { consolidate: true });
    expect(await expectSound(backups)).toEqual(left);
    for (const { backupId, stateDigest } of await backups.listBackups())
      expect(stateDigest).toBe(digests.get(backupId));
    const tip = await backups.getChain(left.at(-1) as string);
    expect(tip.map(({ backupId }) => backupId)).toEqual(chain);
  });

  it("every branch is merged", async () => {
    const { backups } = await chainedSite();
    await backups.createIncrementalBackup("one", { backupId: "side" });
    await backups.deleteBackup("one", { consolidate: true });
    expect(await expectSound(backups)).toEqual(["full", "two", "side"]);
  });

  it("refused without it", async () => {
    const { backups } = await chainedSite();
    await expect(backups.deleteBackup("one")).rejects.toMatchObject({ code: "NADB_CONFLICT" });
    await expect(backups.deleteBackup("one", { force: true })).rejects.toMatchObject({
      code: "NADB_CONFLICT",
    });
    expect(await expectSound(backups)).toEqual(["full", "one", "two"]);
  });

  it("damage ends it, and nothing is deleted", async () => {
    const { backups, target } = await chainedSite();
    await patchFile(target, "two/data.nadb", (bytes) => bytes.fill(0, 40, 60));
    await expect(backups.deleteBackup("one", { consolidate: true })).rejects.toMatchObject({
      code: "NADB_CORRUPTION",
    });
    expect((await backups.listBackups()).map(({ backupId }) => backupId)).toEqual([
      "full",
      "one",
      "two",
    ]);
  });

  it("a death at any step leaves what is laid over it whole, and a retry finishes", async () => {
    const site = await chainedSite();
    const files = await contentsOf(site.target);
    const deaths = await dieAtEveryStep(
      async () => ({ ...site, target: await copyOf(files) }),
      (manager) => manager.deleteBackup("one", { consolidate: true }),
      async (made, died) => {
        const manager = await nextProcess(made);
        const listed = await expectSound(manager);
        expect(listed.filter((id) => id !== "one")).toEqual(["full", "two"]);
        if (!died) expect(listed).not.toContain("one");
        if (listed.includes("one")) await manager.deleteBackup("one", { consolidate: true });
        expect(await expectSound(manager)).toEqual(["full", "two"]);
      },
    );
    expect(deaths).toBeGreaterThan(40);
  });
});
