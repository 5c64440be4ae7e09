// A target that dies, at every single step of every operation. Whatever was done by then, the repository must
// list, verify and go on; older backups stay whole, and a store changes only when its restore said so.
import { isNadbError, type KeyValueStore } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupManager, type BackupTarget, memoryTarget } from "../src/index.js";
import { pathsOf, readFile, writeFile } from "./support/files.js";
import { dyingTarget, SteppingTarget } from "./support/stepping-target.js";
import { Clock, fill, openManager, openStore } from "./support/store.js";

const MOST_STEPS = 1_000;

interface Scene {
  readonly store: KeyValueStore;
  readonly target: BackupTarget;
  readonly clock: Clock;
}

/** The files of a repository with one or two backups, made once and copied for each death. */
async function repository(
  store: KeyValueStore,
  ...ids: string[]
): Promise<Map<string, Uint8Array>> {
  const target = memoryTarget();
  const manager = await openManager(store, target);
  for (const backupId of ids) await manager.createBackup({ backupId });
  const files = new Map<string, Uint8Array>();
  for (const path of await pathsOf(target)) files.set(path, await readFile(target, path));
  return files;
}

async function copyOf(files: ReadonlyMap<string, Uint8Array>): Promise<BackupTarget> {
  const target = memoryTarget();
  for (const [path, bytes] of files) await writeFile(target, path, bytes);
  return target;
}

/**
 * Runs `operation` on a target that dies at its first step, at its second, and so on until one time it
 * succeeds; after each time `check` looks at what is left. Answers how often it died.
 */
async function dieAtEveryStep(
  scene: () => Promise<Scene>,
  operation: (manager: BackupManager) => Promise<unknown>,
  check: (scene: Scene, died: boolean) => Promise<void>,
): Promise<number> {
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const made = await scene();
    const dying = dyingTarget(made.target, steps, { owner: "first process" });
    let died = false;
    try {
      await operation(await openManager(made.store, dying, made.clock));
    } catch (error) {
      if (!isNadbError(error, "NADB_IO")) throw error;
      died = true;
    }
    try {
      await check(made, died);
    } catch (error) {
      throw new Error(`after a death at step ${steps + 1}: ${error}`, { cause: error });
    }
    if (!died) return steps;
  }
  throw new Error(`the operation did not come to its end in ${MOST_STEPS} steps`);
}

/** The manager of another process, which knows the first one to be gone, or does not. */
const nextProcess = ({ store, target, clock }: Scene, knows = true): Promise<BackupManager> =>
  openManager(
    store,
    new SteppingTarget(target, {
      onStep: () => undefined,
      owner: "second process",
      isGone: (owner) => knows && owner === "first process",
    }),
    clock,
  );

async function expectSound(manager: BackupManager): Promise<string[]> {
  const { backups, findings } = await manager.repository.scan();
  expect(findings).toEqual([]);
  for (const { backupId } of backups) {
    expect(await manager.verifyBackup(backupId)).toMatchObject({ ok: true, findings: [] });
  }
  return backups.map(({ backupId }) => backupId);
}

const filesOf = (...ids: string[]): string[] =>
  ["metadata.json", ...ids.flatMap((id) => [`${id}/data.nadb`, `${id}/metadata.json`])].sort();

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

  it("by a process that may be alive: a retry works once its lease has ended", async () => {
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
  const failure = new Error("once");

  /** Runs the operation once with a failure at step `at`; answers whether it failed, and whether `at` came at all. */
  async function failOnce(
    scene: Scene,
    at: number,
    operation: (manager: BackupManager) => unknown,
  ) {
    let came = false;
    let first = Number.POSITIVE_INFINITY; // none while it opens
    const target = new SteppingTarget(scene.target, {
      onStep: (step) => {
        if (step !== first + at) return;
        came = true;
        throw failure;
      },
    });
    const manager = await openManager(scene.store, target, scene.clock);
    first = target.steps;
    const work = Promise.resolve(operation(manager)).finally(() => {
      first = Number.POSITIVE_INFINITY;
    });
    const error = await work.then(
      () => undefined,
      (reason) => reason,
    );
    if (error !== undefined) expect(error).toBe(failure);
    return { came, failed: error !== undefined, manager };
  }

  async function atEveryStep(
    scene: () => Promise<Scene>,
    operation: (manager: BackupManager) => unknown,
    check: (manager: BackupManager, failed: boolean, scene: Scene) => Promise<void>,
  ): Promise<void> {
    for (let at = 1; ; at++) {
      const made = await scene();
      const { came, failed, manager } = await failOnce(made, at, operation);
      try {
        await check(manager, failed, made);
      } catch (error) {
        throw new Error(`after a failure at step ${at}: ${error}`, { cause: error });
      }
      if (!came) return;
    }
  }

  it("create: what failed has left nothing, and the same manager tries again at once", async () => {
    const create = (manager: BackupManager) => manager.createBackup({ backupId: "b" });
    await atEveryStep(await scenes("old"), create, async (manager, failed, { target, clock }) => {
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
      await manager.createBackup({ backupId: "next" });
      expect((await expectSound(manager)).sort()).toEqual(["b", "next", "old"]);
      expect(await pathsOf(target)).toEqual(filesOf("b", "next", "old"));
    });
  });

  it("delete: tried again it succeeds, or says that the backup is gone", async () => {
    const remove = (manager: BackupManager) => manager.deleteBackup("b");
    await atEveryStep(await scenes("b", "old"), remove, async (manager, _, { target, clock }) => {
      clock.time += 60_000;
      const listed = await expectSound(manager);
      if (listed.includes("b")) await remove(manager);
      await expect(remove(manager)).rejects.toMatchObject({ code: "NADB_NOT_FOUND" });
      await manager.createBackup({ backupId: "b" });
      expect((await expectSound(manager)).sort()).toEqual(["b", "old"]);
      expect(await pathsOf(target)).toEqual(filesOf("b", "old"));
    });
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
      expect(await pathsOf(made.target)).toEqual(filesOf("b"));
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
