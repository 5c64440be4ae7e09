// Chains on a target that dies at every single step: of an incremental, also one that lays sorted pieces aside, of a
// restore, of a delete. Whatever was done by then, older backups stay whole, and a retry finishes the work.
import { isNadbError, type StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { createIncremental } from "../src/create.js";
import type { BackupManager, RestoreOptions } from "../src/index.js";
import {
  copyOf,
  dieAtEveryStep,
  expectSound,
  failAtEveryStep,
  filesOf,
  nextProcess,
  pathsOfBackups,
  type Scene,
} from "./support/dying.js";
import { pathsOf, writeFile } from "./support/files.js";
import { filesOf as contentsOf } from "./support/overlay.js";
import { override } from "./support/override.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { Clock, fill, openManager, openSite, openStore } from "./support/store.js";

const MINUTE = 60_000;

/** A chain of "old" and "one", and a store that has changed since; fresh files for each death. */
async function scenes(): Promise<() => Promise<Scene>> {
  const { store, target, backups } = await openSite();
  await fill(store, 12);
  await backups.createBackup({ backupId: "old" });
  await store.deleteMany(["k0001", "k0002"]);
  await backups.createIncrementalBackup("old", { backupId: "one" });
  for (let i = 20; i > 2; i -= 3) await store.set(`k00${String(i).padStart(2, "0")}`, "changed");
  await store.set("k0001", "back");
  await store.deleteMany(["k0004", "k0006"]);
  const files = await contentsOf(target);
  return async () => ({ store, target: await copyOf(files), clock: new Clock() });
}

/** Hands out one change at a time, so that a small run is many pages. */
const inSmallPages = (storage: StorageNamespace): StorageNamespace =>
  override(storage, { changes: (since) => storage.changes(since, { pageBytes: 1 }) });

const inMemory = (manager: BackupManager) =>
  manager.createIncrementalBackup("one", { backupId: "b" });

const withPieces = ({ repository, storage }: BackupManager) =>
  createIncremental(
    { repository, storage: inSmallPages(storage), ...repository.host, sortBytes: 60 },
    "one",
    { backupId: "b" },
  );

/** "b" is there whole, or a retry makes it so; then the chain goes on, and nothing is left over. */
async function finish(manager: BackupManager, { store, target }: Scene): Promise<void> {
  const listed = await expectSound(manager);
  expect(listed.filter((id) => id !== "b")).toEqual(["old", "one"]);
  if (!listed.includes("b")) await inMemory(manager);
  else await expect(inMemory(manager)).rejects.toMatchObject({ code: "NADB_ALREADY_EXISTS" });
  await manager.createIncrementalBackup("b", { backupId: "next" });
  expect((await expectSound(manager)).sort()).toEqual(["b", "next", "old", "one"]);
  const { digest } = await store.storage.head();
  expect((await manager.getBackup("next")).stateDigest).toBe(digest);
  expect(await pathsOf(target)).toEqual(filesOf("b", "next", "old", "one"));
}

describe.each([
  ["an incremental", inMemory],
  ["an incremental with pieces laid aside", withPieces],
])("a dying target › %s", (_name, create) => {
  it("by a process known to be gone: a retry works at once, and sweeps", async () => {
    const deaths = await dieAtEveryStep(await scenes(), create, async (scene, died) => {
      const manager = await nextProcess(scene);
      if (!died) expect(await expectSound(manager)).toContain("b");
      await finish(manager, scene);
    });
    expect(deaths).toBeGreaterThan(create === withPieces ? 90 : 60);
  });

  it("by a process that may be alive: a retry works once its leases have ended", {
    timeout: 120_000,
  }, async () => {
    let locked = 0;
    await dieAtEveryStep(await scenes(), create, async (scene) => {
      const manager = await nextProcess(scene, false);
      const early = await inMemory(manager).then(
        () => undefined,
        (error) => error.code,
      );
      expect([undefined, "NADB_LOCKED", "NADB_ALREADY_EXISTS"]).toContain(early);
      if (early === "NADB_LOCKED") locked++;
      scene.clock.time += MINUTE;
      await finish(manager, scene);
    });
    expect(locked).toBeGreaterThan(20);
  });

  it("that fails once has left nothing, and the same manager tries again", {
    timeout: 120_000,
  }, async () => {
    await failAtEveryStep(await scenes(), create, async (manager, failed, scene) => {
      const listed = await expectSound(manager);
      if (!failed) expect(listed).toContain("b");
      scene.clock.time += MINUTE; // a lease that could not be withdrawn ends
      await finish(manager, scene);
    });
  });
});

describe("a dying target › pieces", () => {
  it("are really laid aside, and are gone when the backup is there", async () => {
    const scene = await (await scenes())();
    const steps: string[] = [];
    const target = new SteppingTarget(scene.target, { onStep: (_, what) => void steps.push(what) });
    await withPieces(await openManager(scene.store, target, scene.clock));
    const laid = steps.filter((what) => what.startsWith("wrote b/piece-"));
    expect(laid.length).toBeGreaterThan(3);
    expect(await pathsOf(scene.target)).toEqual(filesOf("b", "old", "one"));
  });
});

describe("leftovers beside a backup", () => {
  it("pieces and leases of whoever wrote there too late are swept, the backup stays", async () => {
    const scene = await (await scenes())();
    for (const name of ["piece-000001.nadb", "piece-000123.nadb"]) {
      await writeFile(scene.target, `one/${name}`, "late");
    }
    await writeFile(scene.target, "one/lease-000001.json", '{"owner":"x","expiresAt":1}');
    const manager = await nextProcess(scene);
    await inMemory(manager);
    expect(await expectSound(manager)).toContain("one");
    expect(await pathsOf(scene.target)).toEqual(filesOf("b", "old", "one"));
  });
});

describe("a dying target › the restore of a chain", () => {
  it.each<[string, RestoreOptions]>([
    ["replace", { clearExisting: true }],
    ["merge", { clearExisting: false }],
    ["merge, keeping what is there", { onConflict: "keep-existing" }],
    ["replace, unchecked", { clearExisting: true, verifyIntegrity: false }],
    ["merge, unchecked", { verifyIntegrity: false }],
  ])("%s: the store changes only when the restore says so", async (_name, options) => {
    const make = await scenes();
    const restore = (manager: BackupManager) => manager.restoreBackup("one", options);
    const scene = async (): Promise<Scene> => {
      const store = await openStore();
      await store.set("k0001", "own");
      return { ...(await make()), store };
    };
    const own = (await (await scene()).store.storage.head()).digest;
    const deaths = await dieAtEveryStep(scene, restore, async (made, died) => {
      const { digest } = await made.store.storage.head();
      expect(digest === own).toBe(died);
      const manager = await nextProcess(made);
      expect(await expectSound(manager)).toEqual(["old", "one"]);
      const { head } = await restore(manager);
      expect(head.count).toBe(options.clearExisting ? 10 : 11);
      expect(await pathsOfBackups(made.target)).toEqual(filesOf("old", "one"));
    });
    expect(deaths).toBeGreaterThan(6);
  });
});

describe("a dying target › deleting from a chain", () => {
  it("its newest: whole or gone, and its parent is whole in any case", async () => {
    const remove = (manager: BackupManager) => manager.deleteBackup("one");
    const deaths = await dieAtEveryStep(await scenes(), remove, async (scene, died) => {
      const manager = await nextProcess(scene);
      const listed = await expectSound(manager);
      expect(listed).toContain("old");
      if (!died) expect(listed).not.toContain("one");
      if (listed.includes("one")) await remove(manager);
      await manager.createIncrementalBackup("old", { backupId: "next" });
      expect((await expectSound(manager)).sort()).toEqual(["next", "old"]);
      expect(await pathsOf(scene.target)).toEqual(filesOf("next", "old"));
    });
    expect(deaths).toBeGreaterThan(8);
  });

  it("a parent: refused, and the chain is whole whenever it dies", async () => {
    const remove = async (manager: BackupManager) => {
      await manager.deleteBackup("old").catch((error: unknown) => {
        if (!isNadbError(error, "NADB_CONFLICT")) throw error;
      });
    };
    await dieAtEveryStep(await scenes(), remove, async (scene) => {
      const manager = await nextProcess(scene);
      expect(await expectSound(manager)).toEqual(["old", "one"]);
      await finish(manager, scene);
    });
  });
});
