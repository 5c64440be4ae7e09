// One backup whose folder the target does not give, for another reason than damage: it is told, everything else goes on, and
// nothing takes it for one that is not there.
import { NadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupManager, type BackupTarget, planRepair } from "../src/index.js";
import { chainedSite } from "./support/chained.js";
import { expectSound } from "./support/dying.js";
import { refuses } from "./support/fails.js";
import { patchFile } from "./support/files.js";
import { filesOf } from "./support/overlay.js";
import { override } from "./support/override.js";
import { fill, openManager, openSite, type Site } from "./support/store.js";

/** Nothing in the folder, nor the folder, can be read or written. */
function closed(inner: BackupTarget, ...folders: readonly string[]): BackupTarget {
  const open = (path: string): BackupTarget => {
    if (folders.some((folder) => path === folder || path.startsWith(`${folder}/`)))
      throw new NadbError("NADB_IO", `${path}: permission denied`);
    return inner;
  };
  return override(inner, {
    list: async (path, options) => open(path).list(path, options),
    size: async (path) => open(path).size(path),
    async *read(path, options) {
      yield* open(path).read(path, options);
    },
    write: async (path, chunks, options) => open(path).write(path, chunks, options),
    remove: async (path) => open(path).remove(path),
  });
}

const idsOf = async (manager: BackupManager): Promise<string[]> =>
  (await manager.listBackups()).map(({ backupId }) => backupId);

/** The chain full ← one ← two and the full "other"; `without` sees all but some of them. */
async function site(): Promise<
  Site & { without(...ids: readonly string[]): Promise<BackupManager> }
> {
  const made = await chainedSite();
  await made.store.set("k0005", "later");
  await made.backups.createBackup({ backupId: "other" });
  const without = (...ids: readonly string[]) =>
    openManager(made.store, closed(made.target, ...ids), made.clock);
  return { ...made, without };
}

const UNREACHABLE = {
  severity: "damage",
  what: "unreachable",
  detail: expect.stringContaining("denied"),
};

describe("a backup that can not be reached", () => {
  it("is a finding; others are listed, verified, read and restored", async () => {
    const { without } = await site();
    const manager = await without("one");
    expect(await idsOf(manager)).toEqual(["full", "two", "other"]);
    const { findings } = await manager.repository.scan();
    expect(findings).toEqual([{ ...UNREACHABLE, backupId: "one" }]);
    for (const id of ["full", "other"]) expect((await manager.verifyBackup(id)).ok).toBe(true);
    expect(await manager.verifyBackup("one")).toMatchObject({ ok: false, findings });
    expect(await manager.verifyBackup("two")).toMatchObject({
      ok: false,
      findings: [{ ...UNREACHABLE, backupId: "two" }],
      recorded: false,
    });
    await manager.restoreBackup("other", { clearExisting: true });
    await refuses("NADB_IO", () => manager.repository.list(), '"one"');
  });

  it("turns health red", async () => {
    const { without } = await site();
    const manager = await without("one");
    const { status, checks } = await manager.backupHealth();
    expect(status).toBe("critical");
    expect(checks.find(({ name }) => name === "damage")).toMatchObject({
      status: "critical",
      reason: expect.stringContaining("one"),
    });
    expect(checks.find(({ name }) => name === "repository")).toMatchObject({ status: "ok" });
  });

  it("does not keep others from being taken, and keeps its id, its place and its copy in the index", async () => {
    const { without, target, backups } = await site();
    const before = await filesOf(target);
    const manager = await without("one", "other");
    const made = await manager.createBackup({ backupId: "new" });
    expect(made.sequence).toBe(5);
    await manager.createIncrementalBackup("new", { backupId: "newer", skipUnchanged: false });
    for (const id of ["one", "other"])
      await refuses("NADB_IO", () => manager.createBackup({ backupId: id }));
    await refuses("NADB_IO", () => manager.createIncrementalBackup("other"));
    const after = await filesOf(target);
    for (const [path, bytes] of before)
      if (path !== "metadata.json") expect(after.get(path)).toEqual(bytes);
    expect(await planRepair(backups.repository)).toMatchObject({ steps: [], losses: [] });
    expect(await expectSound(backups)).toEqual(["full", "one", "two", "other", "new", "newer"]);
  });

  it("is left alone by prune, with what is laid over it and what it is laid over", async () => {
    const { without, backups, store } = await site();
    for (const backupId of ["new", "newer"]) {
      await store.set("k0006", backupId);
      await backups.createBackup({ backupId });
    }
    const manager = await without("one");
    for (const consolidate of [false, true]) {
      const { removed, plan } = await manager.pruneBackups({ keepLast: 1 }, { consolidate });
      expect(removed).toEqual(consolidate ? [] : ["new", "other"]);
      const held = plan.decisions.filter(({ isHeld }) => isHeld);
      expect(held.map(({ backup }) => backup.backupId)).toEqual(["two"]);
      expect(held[0]?.reasons).toEqual(["held: until one can be read"]);
      expect(plan.decisions[0]?.reasons).toContain("needed by one, which can not be read");
    }
    expect(await expectSound(backups)).toEqual(["full", "one", "two", "newer"]);
    expect((await backups.pruneBackups({ keepLast: 1 })).removed).toEqual(["two", "one", "full"]);
  });

  it("unknown to the index it may be laid over any other: nothing goes", async () => {
    const { without, target, backups } = await site();
    await target.remove("metadata.json");
    const manager = await without("one");
    expect((await manager.pruneBackups({ keepLast: 1 })).removed).toEqual([]);
    await refuses("NADB_IO", () => manager.deleteBackup("other"), '"one"');
    expect(await expectSound(backups)).toEqual(["full", "one", "two", "other"]);
  });

  it("what it is laid over is not deleted by hand", async () => {
    const { without, backups } = await site();
    const manager = await without("two");
    await refuses("NADB_CONFLICT", () => manager.deleteBackup("one"), '"two"');
    await refuses("NADB_CONFLICT", () => manager.deleteBackup("one", { force: true }), '"two"');
    await refuses("NADB_IO", () => manager.deleteBackup("one", { consolidate: true }));
    await refuses("NADB_IO", () => manager.deleteBackup("other", { keepLastGood: true }));
    await manager.deleteBackup("other");
    expect(await expectSound(backups)).toEqual(["full", "one", "two"]);
  });

  it("may be unusual: what is older of its namespace waits", async () => {
    const { store, backups, target, clock } = await openSite();
    await fill(store, 5);
    for (const backupId of ["a", "b"]) await backups.createBackup({ backupId });
    await store.deleteMany(["k0000", "k0001", "k0002", "k0003", "k0004"]);
    await backups.createBackup({ backupId: "emptied" });
    await store.set("k0000", "v");
    for (const backupId of ["c", "d"]) await backups.createBackup({ backupId });
    const manager = await openManager(store, closed(target, "emptied"), clock);
    expect((await manager.pruneBackups({ keepLast: 1 })).removed).toEqual(["c"]);
    expect(await idsOf(backups)).toEqual(["a", "b", "emptied", "d"]);
  });

  it.each([
    ["unreachable", (target: BackupTarget, id: string) => closed(target, id)],
    [
      "damaged",
      async (target: BackupTarget, id: string) => {
        await patchFile(target, `${id}/metadata.json`, () => Buffer.of(0));
        return target;
      },
    ],
  ])("%s it still counts for what is usual, and as what is not", async (_, spoil) => {
    for (const spoilt of ["b1", "grown"]) {
      const { store, backups, target, clock } = await openSite();
      await fill(store, 30);
      for (let i = 1; i <= 5; i++) await backups.createBackup({ backupId: `b${i}` });
      await fill(store, 200);
      await backups.createBackup({ backupId: "grown" });
      if (spoilt === "grown") {
        await store.deleteMany(
          Array.from({ length: 170 }, (_, i) => `k${String(i + 30).padStart(4, "0")}`),
        );
        await backups.createBackup({ backupId: "usual" });
      }
      const manager = await openManager(store, await spoil(target, spoilt), clock);
      expect((await manager.pruneBackups({ keepLast: 1 })).removed).toEqual([]);
    }
  });

  it("a leftover that can not be looked into stays; others are swept", async () => {
    const { without, target, backups } = await site();
    const lease = [Buffer.from('{"owner":"nobody","expiresAt":1,"nonce":"x"}')];
    for (const id of ["dead", "deader"]) await target.write(`${id}/lease-000001.json`, lease);
    const manager = await without("dead");
    await manager.createBackup({ backupId: "new" });
    const paths = [...(await filesOf(target)).keys()];
    expect(paths).toContain("dead/lease-000001.json");
    expect(paths).not.toContain("deader/lease-000001.json");
    await backups.createBackup({ backupId: "after" });
    expect([...(await filesOf(target)).keys()]).not.toContain("dead/lease-000001.json");
  });
});

describe("a target that can not be reached", () => {
  it("fails, also when it goes away while its backups are looked at", async () => {
    const { target, store, clock } = await site();
    let isThere = true;
    const going = override(target, {
      list: async (path, options) => {
        if (!isThere) throw new NadbError("NADB_IO", "the host is gone");
        return target.list(path, options);
      },
      async *read(path, options) {
        if (path === "one/metadata.json") isThere = false;
        if (!isThere) throw new NadbError("NADB_IO", "the host is gone");
        yield* target.read(path, options);
      },
    });
    const manager = await openManager(store, going, clock);
    await refuses("NADB_IO", () => manager.listBackups(), "the host is gone");
    await refuses("NADB_IO", () => manager.verifyBackup("one"), "the host is gone");
    await refuses("NADB_IO", () => manager.createBackup(), "the host is gone");
  });
});
