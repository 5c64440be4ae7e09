// Deleting backups that points of an archive are restored from.
import { describe, expect, it } from "vitest";
import { deleteLabel, lossesWithout, planDeleteLabel } from "../../src/index.js";
import { refuses } from "../support/fails.js";
import { patchFile } from "../support/files.js";
import { openSite, type Site } from "../support/store.js";

/** A base of the archive, and a segment on it for each later value. */
async function archivedSite(values = 2): Promise<Site & { readonly base: string }> {
  const site = await openSite();
  for (let value = 0; value <= values; value++) {
    await site.store.set("a", String(value));
    site.clock.time += 1_000;
    await site.backups.archiveOnce();
  }
  const [base] = await site.backups.listBackups();
  return { ...site, base: base?.backupId as string };
}

const segmentsOf = async ({ backups }: Site): Promise<number> =>
  (await backups.points()).points.filter(({ kind }) => kind === "segment").length;

describe("delete › a backup that points of the archive are restored from", () => {
  it("is refused, and the points are named; forced it goes with them", async () => {
    const site = await archivedSite();
    const { backups, store, base } = site;
    await store.set("a", "later");
    await backups.createBackup({ backupId: "later" });
    const [from, to] = (await backups.points()).points
      .filter(({ kind }) => kind === "segment")
      .map(({ effectiveTime }) => new Date(effectiveTime).toISOString());
    const says = `2 points of default/default, from ${from} to ${to}`;
    await refuses("NADB_CONFLICT", () => backups.deleteBackup(base), says);
    expect(await segmentsOf(site)).toBe(2);
    expect(await lossesWithout(backups.repository, [base])).toMatchObject({
      lost: [{ db: "default", namespace: "default", count: 2, from, to }],
    });
    await backups.deleteBackup(base, { force: true });
    expect((await backups.listBackups()).map(({ backupId }) => backupId)).toEqual(["later"]);
    expect(await segmentsOf(site)).toBe(0);
  });

  it("is refused by its label, too; forced it goes", async () => {
    const { backups } = await archivedSite();
    const { repository } = backups;
    await refuses("NADB_CONFLICT", () => planDeleteLabel(repository, "archive"), "2 points");
    await refuses("NADB_CONFLICT", () => deleteLabel(repository, "archive"), "2 points");
    expect(await deleteLabel(repository, "archive", { force: true })).toHaveLength(1);
  });

  it("goes where another one leads to the same points; then that one is refused", async () => {
    const site = await archivedSite(0);
    const { backups, store, clock, base } = site;
    await backups.createBackup({ backupId: "same" });
    await store.set("a", "more");
    clock.time += 1_000;
    await backups.archiveOnce();
    expect((await lossesWithout(backups.repository, ["same"])).relyingOn).toEqual([base]);
    await backups.deleteBackup("same");
    expect(await segmentsOf(site)).toBe(1);
    await refuses("NADB_CONFLICT", () => backups.deleteBackup(base), "1 point");
  });

  it("two that lead to the same points, deleted at once: one stays", async () => {
    const site = await archivedSite(0);
    const { backups, store, base } = site;
    await backups.createBackup({ backupId: "same" });
    await store.set("a", "more");
    await backups.archiveOnce();
    const ended = await Promise.allSettled([base, "same"].map((id) => backups.deleteBackup(id)));
    expect(ended.some(({ status }) => status === "rejected")).toBe(true);
    expect(await segmentsOf(site)).toBe(1);
  });

  it("with another one that is damaged it is refused, and the damaged one goes", async () => {
    const site = await archivedSite(0);
    const { backups, store, target, base } = site;
    await backups.createBackup({ backupId: "damaged" });
    await patchFile(target, "damaged/data.nadb", (bytes) => bytes.subarray(1));
    await store.set("a", "more");
    await backups.archiveOnce();
    await refuses("NADB_CONFLICT", () => backups.deleteBackup(base), "1 point");
    await backups.deleteBackup("damaged");
    expect(await segmentsOf(site)).toBe(1);
  });

  it("goes when it is merged into one that leads to them, and not when points lie before that", async () => {
    const site = await archivedSite(0);
    const { backups, store, base } = site;
    await store.set("b", "1");
    await backups.createIncrementalBackup(base, { backupId: "child" });
    await store.set("b", "2");
    await backups.archiveOnce();
    await backups.deleteBackup(base, { consolidate: true });
    expect(await segmentsOf(site)).toBe(1);
    await store.set("b", "3");
    await backups.createIncrementalBackup("child", { backupId: "grandchild" });
    const merged = () => backups.deleteBackup("child", { consolidate: true });
    await refuses("NADB_CONFLICT", merged, "1 point");
    expect((await backups.getChain("grandchild")).length).toBe(2);
  });

  it("that holds the oldest state that is promised is refused", async () => {
    const site = await openSite();
    const { backups, store, clock } = site;
    const policy = [{ everySeconds: 1, forSeconds: 10 }];
    for (let value = 0; value < 30; value++) {
      await store.set("a", String(value));
      clock.time += 1_000;
      await backups.archiveOnce({ policy });
    }
    const rebased = (await backups.listBackups()).at(-1)?.backupId as string;
    expect(await segmentsOf(site)).toBeGreaterThan(9);
    await refuses(
      "NADB_CONFLICT",
      () => backups.deleteBackup(rebased),
      "points of default/default",
    );
  });

  it("of a namespace without an archive nothing is asked", async () => {
    const { backups } = await openSite();
    await backups.createBackup({ backupId: "one" });
    expect(await lossesWithout(backups.repository, ["one", "none"])).toEqual({
      lost: [],
      relyingOn: [],
    });
    await backups.deleteBackup("one");
  });
});
