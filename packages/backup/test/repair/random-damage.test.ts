// Damage drawn at random, thousands of cases: what is listed after a repair can be restored, and nothing that could be
// before is lost.
import { isNadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  type BackupTarget,
  planRepair,
  type RepairPlan,
  Repository,
  repairRepository,
} from "../../src/index.js";
import { chainedSite } from "../support/chained.js";
import { copyOf } from "../support/dying.js";
import { sha256Hex } from "../support/files.js";
import { type Files, filesOf } from "../support/overlay.js";
import { SEED, seeded } from "../support/random.js";
import { drawDamage } from "../support/repair-damages.js";
import { Clock } from "../support/store.js";

const CASES = Number(process.env.NADB_REPAIRS || 1_000);

/** full ← one ← two, one ← side, other ← last. */
async function scene(): Promise<Files> {
  const { store, backups, target, clock } = await chainedSite({ compression: false });
  await store.set("aside", "v");
  await backups.createIncrementalBackup("one", { backupId: "side", format: "json" });
  clock.time += 1_000;
  await backups.createBackup({ backupId: "other", format: "json", label: "l" });
  await store.set("last", "v");
  await backups.createIncrementalBackup("other", { backupId: "last" });
  return filesOf(target);
}

async function open(target: BackupTarget): Promise<Repository | undefined> {
  try {
    return await Repository.open(target, { clock: new Clock().now });
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_A_REPOSITORY")) return undefined;
    throw error;
  }
}

/** The state digest of each backup that can be restored. */
async function restorable(repository: Repository): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { backupId } of await repository.list()) {
    const { ok, stateDigest } = await repository.verify(backupId);
    if (ok) found.set(backupId, stateDigest);
  }
  return found;
}

const withoutReaders = async (target: BackupTarget): Promise<string> =>
  [...(await filesOf(target))]
    .filter(([path]) => !path.startsWith("readers/"))
    .map(([path, bytes]) => `${path} ${sha256Hex(bytes)}`)
    .sort()
    .join("\n");

/** By their hashes: no byte of a run or a manifest that was there is gone. */
async function contents(target: BackupTarget): Promise<Set<string>> {
  const files = await filesOf(target);
  return new Set([...files.values()].map(sha256Hex));
}

/** The index, what dead writers left, and what a merge has replaced. */
const mayGo = (path: string, { steps }: RepairPlan): boolean =>
  path === "metadata.json" ||
  /(lease|merge|piece)-\d+\.(json|nadb)$/.test(path) ||
  steps.some(
    (step) =>
      (step.type === "sweep" && step.paths.includes(path)) ||
      (step.type === "consolidate" && path.startsWith(`${step.backupId}/`)),
  );

async function check(files: Files): Promise<void> {
  const target = await copyOf(files);
  const repository = await open(target);
  if (repository === undefined) return;
  const before = await restorable(repository);
  const untouched = await withoutReaders(target);
  const plan = await planRepair(repository);
  expect(await withoutReaders(target)).toBe(untouched);
  const { done, left } = await repairRepository(repository, plan);
  expect(left).toEqual([]);
  expect(done).toEqual(plan.steps);
  const again = (await open(target)) as Repository;
  const { backups, findings } = await again.scan();
  const after = await restorable(again);
  const alone = new Set(plan.leftAlone.map(({ name }) => name));
  const listed = backups.map(({ backupId }) => backupId).filter((id) => !alone.has(id));
  expect([...after.keys()].sort()).toEqual(listed.sort());
  expect([...after.keys()].sort()).toEqual([...plan.sound].sort());
  for (const { what } of findings) expect(what).toBe("newer");
  for (const [id, digest] of before) expect([id, after.get(id)]).toEqual([id, digest]);
  const there = await contents(target);
  for (const [path, bytes] of files)
    if (!mayGo(path, plan) && !there.has(sha256Hex(bytes))) throw new Error(`${path} is gone`);
  expect(await planRepair(again)).toMatchObject({ steps: [], losses: [] });
}

describe(`repair › damage at random (NADB_SEED=${SEED}, ${CASES} cases)`, () => {
  it("leaves what verifies, loses nothing that did, and does what its plan says", async () => {
    const random = seeded();
    const whole = await scene();
    for (let i = 0; i < CASES; i++) {
      const { files, what } = await drawDamage(whole, random);
      try {
        await check(files);
      } catch (error) {
        throw new Error(`case ${i}: ${what}: ${error}`, { cause: error });
      }
    }
  }, 240_000);
});
