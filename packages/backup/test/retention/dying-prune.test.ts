// Prune on a target that dies, or fails once, at every single step: every backup that is kept is whole at any time, and the
// next run finishes the work.
import { describe, expect, it } from "vitest";
import type { BackupManager, PruneManagedOptions } from "../../src/index.js";
import { chainedSite } from "../support/chained.js";
import {
  copyOf,
  dieAtEveryStep,
  expectSound,
  failAtEveryStep,
  nextProcess,
  type Scene,
} from "../support/dying.js";
import { filesOf as contentsOf } from "../support/overlay.js";
import { Clock } from "../support/store.js";

const MINUTE = 60_000;

/** Goes on by itself, so that a lease that could not be withdrawn ends while somebody waits for it. */
class RunningClock extends Clock {
  override readonly now = (): number => (this.time += 10_000);
}

/** full ← one ← two, and "side" on "one", which is pinned. */
async function scenes(): Promise<{ make: () => Promise<Scene>; digests: Map<string, string> }> {
  const site = await chainedSite();
  const { backups, target } = site;
  await backups.createIncrementalBackup("one", { backupId: "side" });
  await backups.pinBackup("one");
  const listed = await backups.listBackups();
  const digests = new Map(listed.map((info) => [info.backupId, info.stateDigest]));
  const files = await contentsOf(target);
  return {
    make: async () => ({ ...site, clock: new RunningClock(), target: await copyOf(files) }),
    digests,
  };
}

const prune = (options: PruneManagedOptions) => (manager: BackupManager) =>
  manager.pruneBackups({ keepLast: 1 }, options);

describe.each([
  ["prune", {}, ["full", "one", "side"]],
  ["prune that consolidates", { consolidate: true }, ["one", "side"]],
])("a dying target › %s", (_name, options, kept) => {
  const check = async (
    manager: BackupManager,
    digests: ReadonlyMap<string, string>,
    scene: Scene,
  ) => {
    const listed = await expectSound(manager);
    expect(listed).toEqual(expect.arrayContaining(["one", "side"]));
    for (const { backupId, stateDigest } of await manager.listBackups())
      expect(stateDigest).toBe(digests.get(backupId));
    scene.clock.time += MINUTE;
    const { left } = await prune(options)(manager);
    expect(left).toEqual([]);
    expect(await expectSound(manager)).toEqual(kept);
  };

  it("by a process that is gone: what is kept is whole, and the next run finishes", {
    timeout: 120_000,
  }, async () => {
    const { make, digests } = await scenes();
    const deaths = await dieAtEveryStep(make, prune(options), async (scene) =>
      check(await nextProcess(scene), digests, scene),
    );
    expect(deaths).toBeGreaterThan(20);
  });

  it("that fails once: the same manager goes on", { timeout: 120_000 }, async () => {
    const { make, digests } = await scenes();
    await failAtEveryStep(make, prune(options), (manager, _failed, scene) =>
      check(manager, digests, scene),
    );
  });
});
