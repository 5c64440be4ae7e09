// The suite for targets: every promise of BackupTarget, for any target, under any runner.
import type { OpenTarget } from "../backups/suite.js";
import type { ConformanceOptions } from "../conformance.js";
import { deriveSeed, seeded, seedOfRun } from "../random.js";
import type { Runner } from "../runner.js";
import { TargetBench, type TargetLaw } from "./bench.js";
import { TARGET_LAWS } from "./laws/all.js";

/**
 * Declares one test for every promise of a backup target. `open` makes an empty target in its environment; called again with
 * the same environment it makes another client of the same files, or, where there can be but one, an empty target. A case
 * that fails tells its seed. Needs `node:assert`, so Node, Bun or Deno. No case sleeps; the largest file has 20 MiB.
 *
 * @example
 * targetConformance({ describe, it }, ({ folder }) => acmeTarget({ path: folder() }));
 */
export function targetConformance(
  runner: Runner,
  open: OpenTarget,
  options: ConformanceOptions = {},
): void {
  const seed = options.seed ?? seedOfRun();
  for (const law of TARGET_LAWS)
    runner.describe(law.name, () => declareCases(runner, open, law, seed));
}

function declareCases(runner: Runner, open: OpenTarget, law: TargetLaw, seed: number): void {
  for (const [name, test] of Object.entries(law.cases)) {
    const random = () => seeded(deriveSeed(seed, `${law.name} ${name}`));
    runner.it(name, () =>
      TargetBench.use(open, random(), test).catch((error) => fail(error, seed)),
    );
  }
}

function fail(error: unknown, seed: number): never {
  if (error instanceof Error) error.message += `\n(repeat with NADB_SEED=${seed})`;
  throw error;
}
