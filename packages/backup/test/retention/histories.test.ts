// Random histories and policies against an oracle: what stays is what the rules say and what that needs, no more goes than
// is allowed, no chain is broken at any step. NADB_RETENTION_RUNS draws more, NADB_SEED others.
import { describe, expect, it } from "vitest";
import { planRetention } from "../../src/index.js";
import { drawCase } from "../support/histories.js";
import { keptBy } from "../support/history.js";
import { SEED, seeded } from "../support/random.js";
import { expectedOf, faultsOf } from "../support/retention-oracle.js";

const RUNS = Number(process.env.NADB_RETENTION_RUNS || 5_000);

/** What must not stay zero, or the histories prove nothing. */
const seen = {
  removed: 0,
  kept: 0,
  consolidated: 0,
  needed: 0,
  held: 0,
  ahead: 0,
  sets: 0,
  bad: 0,
};

function check(seed: number): void {
  const drawn = drawCase(seeded(seed));
  const plan = planRetention(drawn.backups, drawn.policy, drawn.context);
  const { own, stays } = expectedOf(drawn);
  expect(new Set(keptBy(plan))).toEqual(stays);
  const kept = plan.decisions.filter(({ action }) => action !== "remove");
  for (const { backup, reasons, isGood } of plan.decisions) {
    const needs = reasons.filter((reason) => /^needed by b/.test(reason)).length;
    const isOwn = reasons[0] !== "no rule keeps it" && needs < reasons.length;
    if (isOwn && needs > 0) throw new Error(`${backup.backupId} stays anyway: ${reasons}`);
    if (isOwn !== own.has(backup.backupId)) throw new Error(`${backup.backupId}: ${reasons}`);
    seen.needed += Math.min(1, needs);
    seen.ahead += reasons.some((reason) => reason.includes("ahead")) ? 1 : 0;
    seen.sets += reasons.some((reason) => reason.startsWith("of the set")) ? 1 : 0;
    seen.bad += isGood ? 0 : 1;
  }
  expect(faultsOf(plan, drawn)).toEqual([]);
  const removals = plan.steps.filter(({ type }) => type === "remove");
  expect(removals.length).toBe(plan.decisions.length - kept.length);
  const again = planRetention([...drawn.backups].reverse(), drawn.policy, drawn.context);
  expect(JSON.stringify(again)).toBe(JSON.stringify(plan));
  seen.removed += removals.length;
  seen.kept += kept.length;
  seen.consolidated += plan.steps.length - removals.length;
  seen.held += plan.decisions.filter(({ isHeld }) => isHeld).length;
}

describe("retention › random histories and policies", () => {
  it(`${RUNS} agree with the oracle`, { timeout: 300_000 }, () => {
    for (let i = 0; i < RUNS; i++) {
      try {
        check(SEED + i);
      } catch (error) {
        throw new Error(`NADB_SEED=${SEED + i} NADB_RETENTION_RUNS=1: ${error}`, { cause: error });
      }
    }
    for (const [what, count] of Object.entries(seen)) {
      if (RUNS >= 1_000) expect([what, count > RUNS / 20]).toEqual([what, true]);
    }
  });
});
