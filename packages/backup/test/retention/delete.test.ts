// Deleting a backup that others are laid over: refused, or merged into them first; and the last good one.
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { deleteLabel } from "../../src/index.js";
import { chainedSite } from "../support/chained.js";
import { copyOf, dieAtEveryStep, expectSound, nextProcess } from "../support/dying.js";
import { failureOf, refuses } from "../support/fails.js";
import { patchFile } from "../support/files.js";
import { filesOf as contentsOf } from "../support/overlay.js";
import { fill, openManager, openSite } from "../support/store.js";

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

  it("a death at any step leaves what is laid over it whole, and a retry finishes", {
    timeout: 120_000,
  }, async () => {
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

describe("delete › the last good backup", () => {
  const last = { keepLastGood: true };

  it("is refused when that is asked for, and any other is not", async () => {
    const { backups } = await chainedSite();
    await backups.deleteBackup("two", last);
    await backups.deleteBackup("one", last);
    await refuses(
      "NADB_CONFLICT",
      () => backups.deleteBackup("full", last),
      "the last good backup",
    );
    expect(await expectSound(backups)).toEqual(["full"]);
    await backups.deleteBackup("full");
  });

  it("others that are damaged do not count, and are deleted themselves", async () => {
    const { backups, target } = await chainedSite();
    await patchFile(target, "two/data.nadb", (bytes) => bytes.subarray(1));
    await patchFile(target, "one/metadata.json", () => Buffer.of(0));
    await backups.deleteBackup("two", last);
    await backups.deleteBackup("one", last);
    await refuses("NADB_CONFLICT", () => backups.deleteBackup("full", last));
  });

  it("others that are unusual do not count until somebody accepts them", async () => {
    const { backups, store } = await openSite();
    await fill(store, 5);
    await backups.createBackup({ backupId: "good", label: "monday" });
    await store.deleteMany(["k0000", "k0001", "k0002", "k0003", "k0004"]);
    await backups.createBackup({ backupId: "emptied" });
    const says = ["the last good backup", '"emptied", which stays, is unusual: it is empty'];
    await refuses("NADB_CONFLICT", () => backups.deleteBackup("good", last), ...says);
    await refuses("NADB_CONFLICT", () => deleteLabel(backups.repository, "monday", last), ...says);
    expect(await failureOf(() => backups.deleteBackup("good", last))).toMatchObject({
      hint: expect.stringContaining("accept emptied"),
    });
    await backups.deleteBackup("emptied", last);
    await backups.createBackup({ backupId: "closed" });
    await backups.acceptBackup("closed");
    await backups.deleteBackup("good", last);
    expect(await expectSound(backups)).toEqual(["closed"]);
  });

  it("of another namespace does not count", async () => {
    const site = await chainedSite();
    const backend = memoryBackend({ clock: site.clock.now });
    const other = await KeyValueStore.open({ backend, namespace: "other", clock: site.clock.now });
    await (await openManager(other, site.target, site.clock)).createBackup({ backupId: "else" });
    await refuses("NADB_CONFLICT", () => site.backups.deleteBackup("else", last));
    await other.close();
  });

  it("two that would each take the other's: one stays", async () => {
    const { backups } = await chainedSite();
    await backups.deleteBackup("two");
    await backups.deleteBackup("one");
    await backups.createBackup({ backupId: "other" });
    const ended = await Promise.allSettled(
      ["full", "other"].map((id) => backups.deleteBackup(id, last)),
    );
    expect(ended.some(({ status }) => status === "rejected")).toBe(true);
    expect((await expectSound(backups)).length).toBeGreaterThan(0);
  });
});
