// Two that work on one repository at once, in interleavings drawn at random: a prune, and another prune, a merge, a backup, a
// deletion or a restore beside it. Whatever comes of it, what is there is whole, and the next prune finishes the work.
import { isNadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { consolidate } from "../../src/consolidate.js";
import type { BackupManager, BackupTarget } from "../../src/index.js";
import { chainedSite } from "../support/chained.js";
import { copyOf, expectSound } from "../support/dying.js";
import { filesOf as contentsOf } from "../support/overlay.js";
import { type Random, SEED, seeded } from "../support/random.js";
import { SteppingTarget } from "../support/stepping-target.js";
import { Clock, openManager, openStore } from "../support/store.js";

const RACES = Number(process.env.NADB_RACES || 50);

/** Lets others go on before some of its steps. */
const hesitant = (target: BackupTarget, random: Random): BackupTarget =>
  new SteppingTarget(target, {
    onStep: async () => {
      for (let i = random.int(4); i > 0; i--) await new Promise(setImmediate);
    },
  });

/** What may come of two who meet; anything else is a fault. */
const MAY_FAIL = ["NADB_LOCKED", "NADB_CONFLICT", "NADB_NOT_FOUND"] as const;

async function tolerant(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!MAY_FAIL.some((code) => isNadbError(error, code))) throw error;
  }
}

const prune = (manager: BackupManager): Promise<unknown> =>
  manager.pruneBackups({ keepLast: 1 }, { consolidate: true });

async function restore({ repository }: BackupManager): Promise<unknown> {
  const manager = await openManager(await openStore(), repository.target);
  return manager.restoreBackup("two");
}

const others: readonly (readonly [
  name: string,
  act: (other: BackupManager) => Promise<unknown>,
  left: readonly string[],
])[] = [
  ["a prune", prune, ["two"]],
  ["a merge", (other) => other.deleteBackup("one", { consolidate: true }), ["two"]],
  ["an incremental", (other) => other.createIncrementalBackup("one"), ["two", "incremental"]],
  ["a full", (other) => other.createBackup(), ["full"]],
  ["a deletion", (other) => other.deleteBackup("two"), ["two", "one", "full", "none"]],
  ["a restore", restore, ["two"]],
];

describe.each(others)("two at once › a prune and %s", (_name, act, left) => {
  it(`${RACES} races: what is there is whole`, { timeout: 120_000 }, async () => {
    const site = await chainedSite();
    const files = await contentsOf(site.target);
    const infos = await site.backups.listBackups();
    const digests = new Map(infos.map((info) => [info.backupId, info.stateDigest]));
    for (let race = 0; race < RACES; race++) {
      const random = seeded(SEED + race);
      const target = await copyOf(files);
      const clock = new Clock();
      const open = () => openManager(site.store, hesitant(target, random), clock);
      const [manager, other] = [await open(), await open()];
      await Promise.all([tolerant(prune(manager)), tolerant(act(other))]);
      const last = await openManager(site.store, target, clock);
      try {
        await expectSound(last);
        for (const { backupId, stateDigest } of await last.listBackups())
          expect(digests.get(backupId) ?? stateDigest).toBe(stateDigest);
        await prune(last);
        const kept = (await expectSound(last)).map((id) => id.split("-")[0]);
        expect(kept.length).toBeLessThan(2);
        expect(left).toContain(kept[0] ?? "none");
      } catch (error) {
        throw new Error(`NADB_SEED=${SEED + race} NADB_RACES=1: ${error}`, { cause: error });
      }
    }
  });
});

describe("two at once › a merge, met at each step by another merge of the same backup", () => {
  it("its data is there at any time, and whole", { timeout: 120_000 }, async () => {
    const site = await chainedSite();
    const files = await contentsOf(site.target);
    const merge = ({ repository }: BackupManager) =>
      consolidate({ repository, ...repository.host }, "two");
    let wasReached = true;
    for (let at = 1; wasReached; at++) {
      wasReached = false;
      const target = await copyOf(files);
      const other = await openManager(site.store, target, site.clock);
      const stepping = new SteppingTarget(target, {
        onStep: async (step) => {
          if (step === at) await tolerant(merge(other));
          if (step < at) return;
          wasReached = true;
          const { dataFile } = await other.getBackup("two");
          expect(await target.size(`two/${dataFile}`), `at ${at}, step ${step}`).toBeDefined();
        },
      });
      await tolerant(merge(await openManager(site.store, stepping, site.clock)));
      const found = await other.verifyBackup("two");
      expect({ at, findings: found.findings }).toEqual({ at, findings: [] });
      expect(await other.getChain("two")).toHaveLength(1);
    }
  });
});
