// What is done to all backups of a label, and which of them are a set.
import { describe, expect, it } from "vitest";
import {
  BackupManager,
  backupAllNamespaces,
  deleteLabel,
  getSet,
  pinBackup,
  planDeleteLabel,
  verifyLabel,
} from "../../src/index.js";
import { refuses } from "../support/fails.js";
import { flipBit, patchFile, pathsOf } from "../support/files.js";
import { idOf, openSetSite, type SetSite, write } from "../support/sets.js";

const managerOf = async ({ backend, target, clock }: SetSite, name: string) =>
  BackupManager.open({ store: await backend.namespace(idOf(name)), target, clock: clock.now });

/** The full set "monday" and the incremental set "tuesday" on it. */
async function site(): Promise<SetSite> {
  const made = await openSetSite();
  const { backend, repository } = made;
  await backupAllNamespaces({ backend, repository, label: "monday" });
  await write(backend, "a/one", { z: "5" });
  await backupAllNamespaces({ backend, repository, label: "tuesday", incremental: true });
  return made;
}

/** A full and two incrementals, two of them labelled "kept". */
async function singles(): Promise<SetSite> {
  const made = await openSetSite();
  const manager = await managerOf(made, "a/one");
  await manager.createBackup({ backupId: "z-full", label: "kept" });
  await manager.createIncrementalBackup("z-full", { backupId: "middle", label: "kept" });
  await manager.createIncrementalBackup("middle", { backupId: "a-last", label: "kept" });
  return made;
}

describe("a label", () => {
  it("of single backups names no set, unless there is but one", async () => {
    const { repository } = await singles();
    await refuses("NADB_NOT_FOUND", () => getSet(repository, "kept"), "3 backups");
    await repository.delete("a-last");
    await repository.delete("middle");
    expect(await getSet(repository, "kept")).toMatchObject([{ backupId: "z-full", setSize: 1 }]);
  });

  it("of a set may be given to single backups later: the set stays what it is", async () => {
    const made = await site();
    const manager = await managerOf(made, "a/two");
    await manager.createBackup({ backupId: "single", label: "monday" });
    const ids = (await getSet(made.repository, "monday")).map(({ backupId }) => backupId);
    expect(ids).toEqual(["monday.a.one", "monday.a.two", "monday.b.one"]);
  });
});

describe("verifyLabel", () => {
  it("verifies each backup of the label, with its chain", async () => {
    const { repository } = await site();
    const { verifications, ...told } = await verifyLabel(repository, "tuesday");
    expect(told).toEqual({ label: "tuesday", ok: true, incomplete: null });
    expect(verifications).toMatchObject(
      ["tuesday.a.one", "tuesday.a.two", "tuesday.b.one"].map((backupId) => ({
        backupId,
        ok: true,
        level: "full",
      })),
    );
  });

  it("finds damage in one, also in its parent", async () => {
    const { repository, target } = await site();
    await patchFile(target, "monday.a.two/data.nadb", (bytes) => flipBit(bytes, 200));
    const { ok, verifications } = await verifyLabel(repository, "tuesday");
    expect([ok, verifications.map((one) => one.ok)]).toEqual([false, [true, false, true]]);
  });

  it("finds that one is missing, though all others are sound", async () => {
    const { repository } = await site();
    await repository.delete("tuesday.a.two");
    const { ok, incomplete, verifications } = await verifyLabel(repository, "tuesday");
    expect(ok).toBe(false);
    expect(incomplete).toContain("of 3 backups taken together there are 2");
    expect(verifications.map((one) => one.ok)).toEqual([true, true]);
  });

  it("of single backups asks for no set, and of an unknown label is refused", async () => {
    const { repository } = await singles();
    expect(await verifyLabel(repository, "kept")).toMatchObject({ ok: true, incomplete: null });
    await refuses("NADB_NOT_FOUND", () => verifyLabel(repository, "kep"));
  });
});

describe("deleteLabel", () => {
  it("deletes what hangs on others before these", async () => {
    const { repository, target } = await singles();
    const plan = (await planDeleteLabel(repository, "kept")).map(({ backupId }) => backupId);
    expect(plan).toEqual(["a-last", "middle", "z-full"]);
    expect(await deleteLabel(repository, "kept")).toEqual(plan);
    expect(await pathsOf(target)).toEqual(["metadata.json"]);
  });

  it("deletes a set, whole or not", async () => {
    const { repository } = await site();
    await repository.delete("tuesday.b.one");
    expect((await deleteLabel(repository, "tuesday")).toSorted()).toEqual([
      "tuesday.a.one",
      "tuesday.a.two",
    ]);
    expect(await getSet(repository, "monday")).toHaveLength(3);
  });

  it("deletes nothing while an incremental of another label needs one of them", async () => {
    const { repository } = await site();
    await refuses("NADB_CONFLICT", () => deleteLabel(repository, "monday"), "tuesday.a.one");
    expect(await repository.list()).toHaveLength(6);
  });

  it("deletes nothing while one of them is pinned", async () => {
    const { repository } = await site();
    await pinBackup(repository, "tuesday.a.one", { reason: "the audit" });
    await refuses("NADB_CONFLICT", () => deleteLabel(repository, "tuesday"), "the audit");
    expect(await repository.list()).toHaveLength(6);
  });

  it.each([true, false])(
    "deletes nothing while one of them can not be read; the index knows its label: %s",
    async (isKnown) => {
      const { repository, target } = await site();
      await patchFile(target, "tuesday.a.one/metadata.json", () => Buffer.of(0));
      if (!isKnown) await target.remove("metadata.json");
      await refuses("NADB_CONFLICT", () => deleteLabel(repository, "tuesday"), "tuesday.a.one");
      await repository.delete("tuesday.a.one");
      expect(await deleteLabel(repository, "tuesday")).toHaveLength(2);
    },
  );

  it("takes no namespace its last good backup when told so", async () => {
    const { repository, target } = await site();
    const keepLastGood = { keepLastGood: true };
    await deleteLabel(repository, "tuesday", keepLastGood);
    await refuses(
      "NADB_CONFLICT",
      () => deleteLabel(repository, "monday", keepLastGood),
      "the last good backup of",
    );
    for (const { backupId } of await repository.list())
      await patchFile(target, `${backupId}/data.nadb`, (bytes) => bytes.subarray(1));
    expect(await deleteLabel(repository, "monday", keepLastGood)).toHaveLength(3); // nothing is lost with them
  });

  it("of an unknown label is refused, with the labels there are", async () => {
    const { repository } = await site();
    const error = { code: "NADB_NOT_FOUND", hint: "there are: monday, tuesday" };
    await expect(deleteLabel(repository, "wednesday")).rejects.toMatchObject(error);
  });
});
