// A repository inside a backend: all that repositories do, and a backend that dies around every commit of it. Whatever was
// done by then, the next process lists, verifies and goes on; of what was left nothing stays.
import { type KeyValueStore, memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupManager, backendTarget, repairRepository } from "../../src/index.js";
import { planRepair } from "../../src/repair/plan-repair.js";
import { dyingBackend, keysIn, leftoversIn, singleKeyBackend } from "../support/backend-files.js";
import { expectSound, filesOf } from "../support/dying.js";
import { patchFile, pathsOf } from "../support/files.js";
import { SteppingTarget } from "../support/stepping-target.js";
import { Clock, fill, openManager, openStore } from "../support/store.js";

const WEEK_MS = 7 * 24 * 3_600_000;

interface Place {
  readonly backend: StorageBackend;
  readonly clock: Clock;
}

const targetOf = ({ clock }: Place, backend: StorageBackend) =>
  backendTarget(backend, { pieceBytes: 1_500, clock: clock.now });

/** The manager of a process of that name; others know it to be gone once it is called "dead". */
const managerOf = (
  place: Place,
  store: KeyValueStore,
  owner: string,
  backend = place.backend,
): Promise<BackupManager> => {
  const target = new SteppingTarget(targetOf(place, backend), {
    onStep: () => undefined,
    owner,
    isGone: (other) => other === "dead",
  });
  return openManager(store, target, place.clock);
};

async function storeOf(count: number): Promise<KeyValueStore> {
  const store = await openStore();
  await fill(store, count, 400);
  return store;
}

type Operation = (manager: BackupManager) => Promise<unknown>;

const OPERATIONS: Readonly<Record<string, { operation: Operation; leaves: readonly string[] }>> = {
  "a full backup": {
    operation: (manager) => manager.createBackup({ backupId: "b" }),
    leaves: ["b", "next", "old", "older"],
  },
  "an incremental backup": {
    operation: (manager) => manager.createIncrementalBackup("old", { backupId: "b" }),
    leaves: ["b", "next", "old", "older"],
  },
  "a deletion": {
    operation: (manager) => manager.deleteBackup("older"),
    leaves: ["next", "old"],
  },
};

/** Answers whether the operation came to its end. */
async function dieAt(
  steps: number,
  store: KeyValueStore,
  { operation, leaves }: (typeof OPERATIONS)[string],
  backend: StorageBackend,
): Promise<boolean> {
  const place: Place = { backend, clock: new Clock() };
  const before = await managerOf(place, store, "before");
  for (const backupId of ["older", "old"]) await before.createBackup({ backupId });
  const died = await managerOf(place, store, "dead", dyingBackend(backend, steps))
    .then(operation)
    .then(
      () => false,
      () => true,
    );
  const next = await managerOf(place, store, "next");
  const listed = await expectSound(next);
  expect(listed).toContain("old");
  const isToCome = leaves.includes("b") ? !listed.includes("b") : listed.includes("older");
  if (isToCome) await operation(next);
  place.clock.time += WEEK_MS;
  await next.createBackup({ backupId: "next" });
  expect((await expectSound(next)).sort()).toEqual(leaves);
  expect(await pathsOf(next.repository.target)).toEqual(filesOf(...leaves));
  await next.repository.target.remove("nothing");
  place.clock.time += WEEK_MS;
  await next.repository.target.remove("nothing");
  expect(await leftoversIn(backend)).toEqual([]);
  return !died;
}

describe.each([
  ["with transactions", () => memoryBackend()],
  ["whose commits name one key", () => singleKeyBackend()],
])("a repository in a backend that dies, %s", (_, make) => {
  it.each(Object.keys(OPERATIONS))(
    "%s",
    async (name) => {
      const store = await storeOf(20);
      let steps = 0;
      while (!(await dieAt(steps, store, OPERATIONS[name] as (typeof OPERATIONS)[string], make())))
        steps++;
      expect(steps).toBeGreaterThan(8);
    },
    120_000,
  );
});

describe("a repository in a backend", () => {
  it("keeps fulls, incrementals and an archive, prunes, and restores each", async () => {
    const place: Place = { backend: memoryBackend(), clock: new Clock() };
    const store = await storeOf(50);
    const backups = await managerOf(place, store, "one");
    const full = await backups.createBackup({ backupId: "full" });
    await store.delete("k0001");
    const next = await backups.createIncrementalBackup("full", { backupId: "next" });
    await store.set("k0002", "changed");
    place.clock.time += 60_000;
    await backups.archiveOnce({});
    expect(await backups.verifyArchive()).toMatchObject({ ok: true });
    for (const { backupId, stateDigest } of [full, next]) {
      const copy = await openStore();
      const other = await managerOf(place, copy, "two");
      await other.restoreBackup(backupId, { clearExisting: true });
      expect((await copy.storage.head()).digest).toBe(stateDigest);
    }
    await backups.consolidateBackup("next");
    await backups.deleteBackup("full");
    expect(await expectSound(backups)).toContain("next");
    await backups.pruneBackups({ keepLast: 1 });
    expect(await expectSound(backups)).not.toEqual([]);
  });

  it("is repaired when its files are damaged", async () => {
    const place: Place = { backend: memoryBackend(), clock: new Clock() };
    const backups = await managerOf(place, await storeOf(20), "one");
    for (const backupId of ["sound", "damaged"]) await backups.createBackup({ backupId });
    const target = targetOf(place, place.backend);
    await patchFile(target, "damaged/data.nadb", (bytes) => bytes.subarray(0, bytes.length / 2));
    const plan = await planRepair(backups.repository);
    await repairRepository(backups.repository, plan);
    expect(await expectSound(backups)).toEqual(["sound"]);
    expect((await keysIn(place.backend)).length).toBeGreaterThan(0);
  });
});
