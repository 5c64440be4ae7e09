// An archiver on a target that dies at every single step: of a segment, of a first base, of a merge, of the backup that lets
// old segments go. Whatever was done by then, each promised point stays, and the next process goes on where it must.
import { NadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { Follower } from "../../src/archive/follower.js";
import type { ArchivePolicy, BackupManager } from "../../src/index.js";
import { copyOf, dieAtEveryStep, nextProcess, type Scene } from "../support/dying.js";
import { refuses } from "../support/fails.js";
import { pathsOf } from "../support/files.js";
import { type Files, filesOf } from "../support/overlay.js";
import { SteppingTarget } from "../support/stepping-target.js";
import { Clock, openManager, openSite, openStore } from "../support/store.js";

const MINUTE = 60_000;
const POLICY: ArchivePolicy = [
  { everySeconds: 1, forSeconds: 4 },
  { everySeconds: 4, forSeconds: 24 },
];

async function lookAndCompact(manager: BackupManager): Promise<void> {
  const follower = await Follower.begin(manager.repository, manager.storage, {
    everySeconds: 1,
    policy: POLICY,
  });
  await follower.look();
  await follower.compactIfDue();
  await follower.end();
}

interface Made {
  readonly scene: () => Promise<Scene>;
  /** Digest by version of what was there in the end. */
  readonly digests: ReadonlyMap<number, string>;
}

/** A namespace archived once a second for so long, and changed since. */
async function archived(seconds: number): Promise<Made> {
  const { store, target, backups, clock } = await openSite();
  const follower = await Follower.begin(backups.repository, store.storage, {
    everySeconds: 1,
    policy: POLICY,
  });
  const digests = new Map<number, string>();
  const keep = async () => {
    const { version, digest } = await store.storage.head();
    digests.set(version, digest);
  };
  for (let i = 0; i < seconds; i++) {
    await store.set(`k${i % 7}`, `value ${i}`);
    if (i % 3 === 0) await store.delete(`k${(i + 2) % 7}`);
    await keep();
    await follower.look();
    clock.time += 1_000;
  }
  await follower.end();
  await store.set("last", "v");
  await keep();
  const files: Files = await filesOf(target);
  const scene = async () => ({ store, target: await copyOf(files), clock: new Clock(clock.time) });
  return { scene, digests };
}

/** Points can be restored to just the state that each is of; answers the versions of all. */
async function expectPoints(manager: BackupManager, { digests }: Made): Promise<number[]> {
  const { points } = await manager.points();
  expect((await manager.verifyArchive()).findings).toEqual([]);
  const versions: number[] = [];
  for (const [i, { effectiveTime, version }] of points.entries()) {
    versions.push(version);
    if (i % 3 > 0 && i < points.length - 1) continue; // a share of them, always the newest
    const other = await openManager(await openStore(), manager.repository.target, new Clock());
    const { stateDigest, point } = await other.restoreBackup({ at: effectiveTime });
    expect(stateDigest).toBe(digests.get(point.version));
  }
  return versions;
}

/** What the policy promises of the time before the last seconds: the state at every fourth second. */
async function promisedVersions(manager: BackupManager): Promise<(number | undefined)[]> {
  const { points, latest } = await manager.points();
  const end = latest?.effectiveTime ?? 0;
  const marks = [0, 1, 2, 3, 4].map((i) => (Math.floor(end / 4_000) - i) * 4_000);
  return marks.map((at) => points.findLast(({ effectiveTime }) => effectiveTime <= at)?.version);
}

const leasesIn = async ({ target }: Scene): Promise<string[]> =>
  (await pathsOf(target)).filter((path) => path.includes("lease-") || path.includes("readers/"));

describe("a dying target › the archive", () => {
  it("of a segment: what was archived stays, the next process catches up", async () => {
    const made = await archived(3);
    const before = await expectPoints(await nextProcess(await made.scene()), made);
    const deaths = await dieAtEveryStep(made.scene, lookAndCompact, async (scene, died) => {
      const manager = await nextProcess(scene);
      const versions = await expectPoints(manager, made);
      expect(versions).toEqual(expect.arrayContaining(before));
      const head = await scene.store.storage.head();
      if (!died) expect(versions).toContain(head.version);
      await lookAndCompact(manager);
      expect(await expectPoints(manager, made)).toContain(head.version);
      expect((await manager.points()).gaps).toEqual([]);
      expect(await leasesIn(scene)).toEqual([]);
    });
    expect(deaths).toBeGreaterThan(30);
  });

  it("of the first base: there is none, or a whole one; the next process goes on", async () => {
    const { store, clock } = await openSite();
    await store.set("a", "v");
    const digests = new Map([[1, (await store.storage.head()).digest]]);
    const scene = async () => ({ store, target: await copyOf(new Map()), clock });
    await dieAtEveryStep(scene, lookAndCompact, async (one) => {
      const manager = await nextProcess(one);
      const made = { scene, digests };
      await expectPoints(manager, made);
      await lookAndCompact(manager);
      expect(await expectPoints(manager, made)).toContain(1);
    });
  });

  it("by a process that may be alive: locked until its lease has ended, never longer", {
    timeout: 120_000,
  }, async () => {
    const made = await archived(3);
    let locked = 0;
    await dieAtEveryStep(made.scene, lookAndCompact, async (scene) => {
      const manager = await nextProcess(scene, false);
      await lookAndCompact(manager).catch((error) => {
        expect(error.code).toBe("NADB_LOCKED");
        locked++;
      });
      scene.clock.time += MINUTE;
      await lookAndCompact(manager);
      expect(await expectPoints(manager, made)).toContain(
        (await scene.store.storage.head()).version,
      );
    });
    expect(locked).toBeGreaterThan(20);
  });

  it("of a compaction that merges and removes: promised points stay at every step", async () => {
    const made = await archived(17);
    const whole = await made.scene();
    const promised = await promisedVersions(await nextProcess(whole));
    const deaths = await dieAtEveryStep(made.scene, lookAndCompact, async (scene) => {
      const manager = await nextProcess(scene);
      await expectPoints(manager, made);
      expect(await promisedVersions(manager)).toEqual(promised);
      await lookAndCompact(manager);
      expect((await manager.verifyArchive()).findings).toEqual([]);
      expect(await promisedVersions(manager)).toEqual(promised);
      expect((await manager.points()).points.length).toBeLessThan(12);
      expect(await leasesIn(scene)).toEqual([]);
    });
    expect(deaths).toBeGreaterThan(100);
  }, 240_000);

  it("of the full backup that lets old segments go: what is promised stays", async () => {
    const made = await archived(34);
    const merged = await made.scene();
    const promised = await promisedVersions(await nextProcess(merged));
    await compactWithoutBase(await nextProcess(merged)); // from there on it dies at each step
    const files = await filesOf(merged.target);
    const scene = async () => ({ ...merged, target: await copyOf(files) });
    const deaths = await dieAtEveryStep(scene, lookAndCompact, async (one, died) => {
      const next = await nextProcess(one);
      await expectPoints(next, made);
      expect(await promisedVersions(next)).toEqual(promised);
      if (died) await lookAndCompact(next);
      expect(await next.listBackups()).toHaveLength(2); // the first base is there until it is pruned
      expect((await next.verifyArchive()).findings).toEqual([]);
      expect(await promisedVersions(next)).toEqual(promised);
    });
    expect(deaths).toBeGreaterThan(30);
  }, 240_000);

  it("of the full backup that is not proven: nothing is left that would pass for a lost one", async () => {
    const made = await archived(34);
    const scene = await made.scene();
    await compactWithoutBase(await nextProcess(scene));
    let failed = "";
    const target = new SteppingTarget(scene.target, {
      onStep: (_, what) => {
        if (failed !== "" || !/^read archive-.*data.nadb$/.test(what)) return;
        if (first.includes(what)) return;
        failed = what;
        throw new NadbError("NADB_IO", "it is away for a moment");
      },
    });
    const first = (await pathsOf(scene.target)).map((path) => `read ${path}`);
    await refuses("NADB_IO", async () =>
      lookAndCompact(await openManager(scene.store, target, scene.clock)),
    );
    expect(failed).toMatch(/^read archive-/);
    const next = await nextProcess(scene);
    expect((await next.repository.scan()).findings).toEqual([]);
    expect(await pathsOf(scene.target)).not.toContain(failed.replace("read ", ""));
  });
});

/** All that compaction does up to the full backup that it makes. */
async function compactWithoutBase({ repository, storage }: BackupManager): Promise<void> {
  const follower = await Follower.begin(repository, storage, {
    everySeconds: 1,
    policy: POLICY,
    onCompaction: (step) => {
      if (step.type === "rebased") throw new Error(step.info.backupId);
    },
  });
  await follower.look();
  const made = await follower.compactIfDue().catch((error: Error) => error.message);
  await follower.end();
  await repository.delete(made as string);
}
