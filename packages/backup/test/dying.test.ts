// A target that dies, at every single step of every operation. Whatever was done by then, the repository must
// list, verify and go on; older backups stay whole, and a store changes only when its restore said so.
import type { KeyValueStore } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupManager, memoryTarget } from "../src/index.js";
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
import { filesOf as contentsOf, type Files } from "./support/overlay.js";
import { Clock, fill, openManager, openStore } from "./support/store.js";

/** The files of a repository with one or two backups, made once and copied for each death. */
async function repository(store: KeyValueStore, ...ids: string[]): Promise<Files> {
  const target = memoryTarget();
  const manager = await openManager(store, target);
  for (const backupId of ids) await manager.createBackup({ backupId });
  return contentsOf(target);
}

/** Twelve records and a repository that holds the backup "old"; fresh for each death. */
async function scenes(...ids: string[]): Promise<() => Promise<Scene>> {
  const store = await openStore();
  await fill(store, 12);
  const files = await repository(store, ...ids);
  return async () => ({ store, target: await copyOf(files), clock: new Clock() });
}

describe("a dying target › create", () => {
  const create = (manager: BackupManager) => manager.createBackup({ backupId: "b" });

  /** It is whole, or a retry makes it so; never in between. */
  async function retry(manager: BackupManager): Promise<void> {
    const listed = await expectSound(manager);
    expect(listed).toContain("old");
    if (!listed.includes("b")) await create(manager);
    else await expect(create(manager)).rejects.toMatchObject({ code: "NADB_ALREADY_EXISTS" });
    expect((await expectSound(manager)).sort()).toEqual(["b", "old"]);
  }

  it("by a process known to be gone: a retry works at once, and sweeps", async () => {
    const deaths = await dieAtEveryStep(await scenes("old"), create, async (scene, died) => {
      const manager = await nextProcess(scene);
      if (!died) expect(await expectSound(manager)).toContain("b");
      await retry(manager);
      await manager.createBackup({ backupId: "next" });
      expect(await pathsOf(scene.target)).toEqual(filesOf("b", "next", "old"));
    });
    expect(deaths).toBeGreaterThan(30);
  });

  it("by a process that may be alive: a retry works once its lease has ended", {
    timeout: 120_000,
  }, async () => {
    let locked = 0;
    await dieAtEveryStep(await scenes("old"), create, async (scene) => {
      const manager = await nextProcess(scene, false);
      const early = await create(manager).then(
        () => undefined,
        (error) => error,
      );
      expect([undefined, "NADB_LOCKED", "NADB_ALREADY_EXISTS"]).toContain(early?.code);
      if (early?.code === "NADB_LOCKED") {
        locked++;
        scene.clock.time += 60_000;
      }
      await retry(manager);
    });
    expect(locked).toBeGreaterThan(10);
  });

  it("of the first backup ever", async () => {
    await dieAtEveryStep(await scenes(), create, async (scene) => {
      const manager = await nextProcess(scene);
      if ((await expectSound(manager)).length === 0) await create(manager);
      expect(await expectSound(manager)).toEqual(["b"]);
    });
  });

  it("while it sweeps what an earlier death left", async () => {
    const whole = await scenes("old");
    const left = async (): Promise<Scene> => {
      const scene = await whole();
      for (const id of ["b", "dead"]) {
        await writeFile(scene.target, `${id}/data.nadb`, "half");
        await writeFile(scene.target, `${id}/lease-000001.json`, '{"owner":"x","expiresAt":1}');
      }
      return scene;
    };
    await dieAtEveryStep(left, create, async (scene) => {
      const manager = await nextProcess(scene);
      await retry(manager);
      await manager.createBackup({ backupId: "next" });
      expect(await pathsOf(scene.target)).toEqual(filesOf("b", "next", "old"));
    });
  });
});

describe("a target that fails once, at every step", () => {
  it("create: what failed has left nothing, and the same manager tries again at once", async () => {
    const create = (manager: BackupManager) => manager.createBackup({ backupId: "b" });
    await failAtEveryStep(
      await scenes("old"),
      create,
      async (manager, failed, { target, clock }) => {
        const listed = await expectSound(manager);
        if (!failed) expect(listed.sort()).toEqual(["b", "old"]);
        else if (!listed.includes("b")) {
          const early = await create(manager).then(
            () => undefined,
            (error) => error,
          );
          if (early !== undefined) {
            expect(early).toMatchObject({ code: "NADB_LOCKED" }); // its lease could not be withdrawn
            clock.time += 60_000;
            await create(manager);
          }
        }
        clock.time += 60_000; // a lease that could not be withdrawn ends
        await manager.createBackup({ backupId: "next" });
        expect((await expectSound(manager)).sort()).toEqual(["b", "next", "old"]);
        expect(await pathsOf(target)).toEqual(filesOf("b", "next", "old"));
      },
    );
  });

  it("delete: tried again it succeeds, or says that the backup is gone", async () => {
    const remove = (manager: BackupManager) => manager.deleteBackup("b");
    await failAtEveryStep(
      await scenes("b", "old"),
      remove,
      async (manager, _, { target, clock }) => {
        clock.time += 60_000;
        const listed = await expectSound(manager);
        if (listed.includes("b")) await remove(manager);
        await expect(remove(manager)).rejects.toMatchObject({ code: "NADB_NOT_FOUND" });
        await manager.createBackup({ backupId: "b" });
        expect((await expectSound(manager)).sort()).toEqual(["b", "old"]);
        expect(await pathsOf(target)).toEqual(filesOf("b", "old"));
      },
    );
  });
});

describe("a dying target › delete", () => {
  const remove = (manager: BackupManager) => manager.deleteBackup("b");

  it("leaves the backup whole, or gone", async () => {
    const deaths = await dieAtEveryStep(await scenes("b", "old"), remove, async (scene, died) => {
      const manager = await nextProcess(scene);
      const listed = await expectSound(manager);
      expect(listed).toContain("old");
      if (!died) expect(listed).not.toContain("b");
      if (listed.includes("b")) await remove(manager);
      else await expect(remove(manager)).rejects.toMatchObject({ code: "NADB_NOT_FOUND" });
      expect(await expectSound(manager)).toEqual(["old"]);
      await manager.createBackup({ backupId: "next" });
      expect(await pathsOf(scene.target)).toEqual(filesOf("next", "old"));
    });
    expect(deaths).toBeGreaterThan(8);
  });
});

describe("a dying target › restore", () => {
  it.each([
    ["clear", { clearExisting: true }],
    ["over", { clearExisting: false }],
    ["clear, unchecked", { clearExisting: true, verifyIntegrity: false }],
    ["over, unchecked", { clearExisting: false, verifyIntegrity: false }],
  ])("%s: the store changes only when the restore says so", async (_, options) => {
    const source = await openStore();
    await fill(source, 12, 30_000);
    const files = await repository(source, "b");
    const backupDigest = (await source.storage.head()).digest;
    const scene = async (): Promise<Scene> => {
      const store = await openStore();
      await store.set("own", "v");
      return { store, target: await copyOf(files), clock: new Clock() };
    };
    const own = (await (await scene()).store.storage.head()).digest;
    const restore = (manager: BackupManager) => manager.restoreBackup("b", options);
    const deaths = await dieAtEveryStep(scene, restore, async (made, died) => {
      const manager = await nextProcess(made);
      const { digest } = await made.store.storage.head();
      expect(digest === own).toBe(died);
      expect(await expectSound(manager)).toEqual(["b"]);
      const { head } = await restore(manager);
      if (options.clearExisting) expect(head.digest).toBe(backupDigest);
      expect(head.count).toBe(options.clearExisting ? 12 : 13);
      expect(await pathsOfBackups(made.target)).toEqual(filesOf("b"));
    });
    expect(deaths).toBeGreaterThan(3);
  });
});

describe("a dying target › open", () => {
  it("makes the repository, or leaves nothing that hinders the next", async () => {
    const scene = async (): Promise<Scene> => ({
      store: await openStore(),
      target: memoryTarget(),
      clock: new Clock(),
    });
    await dieAtEveryStep(
      scene,
      async () => undefined,
      async (made) => {
        const manager = await nextProcess(made);
        await manager.createBackup({ backupId: "b" });
        expect(await expectSound(manager)).toEqual(["b"]);
      },
    );
  });
});
