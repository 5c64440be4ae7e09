// Operations on a target that dies, or fails once, at every single step; and what must hold afterwards.
import { isNadbError, type KeyValueStore } from "@nadb/core";
import { expect } from "vitest";
import { type BackupManager, type BackupTarget, memoryTarget } from "../../src/index.js";
import { pathsOf, writeFile } from "./files.js";
import type { Files } from "./overlay.js";
import { dyingTarget, SteppingTarget } from "./stepping-target.js";
import { type Clock, openManager } from "./store.js";

const MOST_STEPS = 1_000;

export interface Scene {
  readonly store: KeyValueStore;
  readonly target: BackupTarget;
  readonly clock: Clock;
}

export async function copyOf(files: Files): Promise<BackupTarget> {
  const target = memoryTarget();
  for (const [path, bytes] of files) await writeFile(target, path, bytes);
  return target;
}

/**
 * Runs `operation` on a target that dies at its first step, at its second, and so on until one time it
 * succeeds; after each time `check` looks at what is left. Answers how often it died.
 */
export async function dieAtEveryStep(
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
export const nextProcess = (
  { store, target, clock }: Scene,
  knows = true,
): Promise<BackupManager> =>
  openManager(
    store,
    new SteppingTarget(target, {
      onStep: () => undefined,
      owner: "second process",
      isGone: (owner) => knows && owner === "first process",
    }),
    clock,
  );

export async function expectSound(manager: BackupManager): Promise<string[]> {
  const { backups, findings } = await manager.repository.scan();
  expect(findings).toEqual([]);
  for (const { backupId } of backups) {
    expect(await manager.verifyBackup(backupId, { record: false })).toMatchObject({
      ok: true,
      findings: [],
    });
  }
  return backups.map(({ backupId }) => backupId);
}

/** All files but the word of readers: one that died leaves it until the next backup sweeps. */
export const pathsOfBackups = async (target: BackupTarget): Promise<string[]> =>
  (await pathsOf(target)).filter((path) => !path.startsWith("readers/"));

export const filesOf = (...ids: string[]): string[] =>
  ["metadata.json", ...ids.flatMap((id) => [`${id}/data.nadb`, `${id}/metadata.json`])].sort();

const failure = new Error("once");

/** Runs the operation once with a failure at step `at`; answers whether it failed, and whether `at` came at all. */
async function failOnce(scene: Scene, at: number, operation: (manager: BackupManager) => unknown) {
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

export async function failAtEveryStep(
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
