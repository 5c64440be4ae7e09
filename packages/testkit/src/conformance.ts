// The suite: every law of the contract, for any backend, under any runner.
import { Bench } from "./bench.js";
import type { OpenBackend } from "./environment.js";
import type { Law } from "./law.js";
import { LAWS } from "./laws/all.js";
import { deriveSeed, seeded, seedOfRun } from "./random.js";
import type { Runner } from "./runner.js";

export interface ConformanceOptions {
  /** Where drawn content begins. Default: the environment variable NADB_SEED, else always the same. */
  readonly seed?: number;
}

/**
 * Declares one test for every promise of the contract. A promise that hangs on a capability is tested when
 * the backend declares it. A case that fails tells its seed. Needs `node:assert`, so Node, Bun or Deno.
 * No case sleeps; the slowest write 16 MiB, 10,000 tags or some hundred commits, so a timeout of 30 seconds
 * suits every engine.
 *
 * @example
 * backendConformance({ describe, it }, ({ folder, clock }) => acmeBackend({ path: folder(), clock }));
 */
export function backendConformance(
  runner: Runner,
  open: OpenBackend,
  options: ConformanceOptions = {},
): void {
  const seed = options.seed ?? seedOfRun();
  for (const law of LAWS) runner.describe(law.name, () => declareCases(runner, open, law, seed));
}

function declareCases(runner: Runner, open: OpenBackend, law: Law, seed: number): void {
  for (const [name, test] of Object.entries(law.cases)) {
    const random = () => seeded(deriveSeed(seed, `${law.name} ${name}`));
    runner.it(name, () => Bench.use(open, random(), test).catch((error) => fail(error, seed)));
  }
}

function fail(error: unknown, seed: number): never {
  if (error instanceof Error) error.message += `\n(repeat with NADB_SEED=${seed})`;
  throw error;
}
