// Two processes on one repository, step by step in an order that is drawn: every backup that is listed stays restorable, and
// who is refused is told why.
import { isNadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupManager, repairRepository } from "../src/index.js";
import { CHAIN, chainedSite } from "./support/chained.js";
import { copyOf, expectSound } from "./support/dying.js";
import { filesOf } from "./support/overlay.js";
import { type Random, SEED, seeded } from "./support/random.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { Clock, measure, openManager, openStore } from "./support/store.js";

const DRAWN = Number(process.env.NADB_INTERLEAVINGS || 300);

/** Lets one of those who are at a step go on, once all who work are there. */
class Turns {
  #working = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(readonly random: Random) {}

  readonly step = (): Promise<void> | undefined => {
    if (this.#working === 0) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
    });
  };

  async all(works: readonly (() => Promise<unknown>)[]): Promise<PromiseSettledResult<unknown>[]> {
    this.#working = works.length;
    return Promise.allSettled(works.map((work) => work().finally(() => this.#ended())));
  }

  #ended(): void {
    this.#working--;
    if (this.#working === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    else this.#next();
  }

  #next(): void {
    if (this.#waiting.length < this.#working) return;
    const [resolve] = this.#waiting.splice(this.random.int(this.#waiting.length), 1);
    resolve?.();
  }
}

type Operation = (manager: BackupManager) => Promise<unknown>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  backup: (manager) => manager.createBackup({ backupId: "x" }),
  "another backup": (manager) => manager.createBackup({ backupId: "y" }),
  increment: (manager) => manager.createIncrementalBackup("one", { backupId: "x" }),
  prune: (manager) => manager.pruneBackups({ keepLast: 1 }, { consolidate: true }),
  consolidate: (manager) => manager.consolidateBackup("two"),
  delete: (manager) => manager.deleteBackup("two"),
  repair: (manager) => repairRepository(manager.repository),
  restore,
};
const REFUSALS = ["NADB_LOCKED", "NADB_ALREADY_EXISTS", "NADB_NOT_FOUND", "NADB_CONFLICT"] as const;

async function restore(manager: BackupManager): Promise<void> {
  const copy = await openStore();
  const into = await openManager(copy, manager.repository.target);
  const { stateDigest } = await into.getBackup("one");
  const { head } = await into.restoreBackup("one", { clearExisting: true });
  expect(head.digest).toBe(stateDigest);
  expect((await measure(copy.storage)).digest).toBe(stateDigest);
}

describe(`interleavings (NADB_SEED=${SEED}, ${DRAWN} drawn)`, () => {
  it("leave every backup that is listed restorable", async () => {
    const random = seeded();
    const { store, target } = await chainedSite();
    const files = await filesOf(target);
    const names = Object.keys(OPERATIONS);
    for (let i = 0; i < DRAWN; i++) {
      const pair = [0, 1].map(() => names[random.int(names.length)] as string);
      const inner = await copyOf(files);
      const turns = new Turns(random);
      const works = await Promise.all(
        pair.map(async (name, at) => {
          const stepping = new SteppingTarget(inner, {
            onStep: turns.step,
            owner: `process ${at}`,
          });
          const manager = await openManager(store, stepping);
          return () => (OPERATIONS[name] as Operation)(manager);
        }),
      );
      try {
        const outcomes = await turns.all(works);
        for (const outcome of outcomes) {
          if (outcome.status === "fulfilled") continue;
          if (!REFUSALS.some((code) => isNadbError(outcome.reason, code))) throw outcome.reason;
        }
        const manager = await openManager(store, inner, new Clock());
        const ids = await expectSound(manager);
        if (!pair.includes("delete") && !pair.includes("prune"))
          expect(ids).toEqual(expect.arrayContaining([...CHAIN]));
        await manager.createBackup({ backupId: "after" });
        const after = await expectSound(manager);
        expect(after).toContain("after");
        if (pair.some((name, at) => name === "delete" && outcomes[at]?.status === "fulfilled"))
          expect([...ids, ...after]).not.toContain("two");
      } catch (error) {
        throw new Error(`${i}: ${pair.join(" × ")}: ${error}`, { cause: error });
      }
    }
  }, 240_000);
});
