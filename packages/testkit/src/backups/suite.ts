// The model suite of backups: drawn lives of stores on two engines and of the repository that their backups lie in, against
// plain maps. What fails is made as short as fast-check can, and tells how to repeat it.
import { type BackupTarget, memoryTarget } from "@nadb/backup";
import fc from "fast-check";
import { Bench } from "../bench.js";
import { type Environment, type OpenBackend, TestEnvironment } from "../environment.js";
import { seeded } from "../random.js";
import type { Runner } from "../runner.js";
import { declareTests, type Property } from "../sequences/property.js";
import type { Step } from "../sequences/step.js";
import type { ModelSuiteOptions } from "../sequences/suite.js";
import { anyStep } from "./all-steps.js";
import { play } from "./play.js";
import { Site } from "./site.js";

/** Makes a target that is empty, and sees to it that what it held is gone when the sequence is over. */
export type OpenTarget = (environment: Environment) => BackupTarget | Promise<BackupTarget>;

export interface BackupEngines {
  /** Where most is written and backed up; some is restored there, too. */
  readonly from: OpenBackend;
  /** Where backups are restored; some are taken there, too. */
  readonly into: OpenBackend;
  /** Where backups lie. Default: in memory. */
  readonly repository?: OpenTarget;
}

/** As of `modelSuite`, but for the defaults: 100 sequences of 80 operations, 10 in one test, 200 shorter ones tried. */
export type BackupModelOptions = ModelSuiteOptions;

const NAME = "any sequence of backups and restores";

/**
 * Declares tests that draw sequences of writes, fulls, incrementals on any backup, restores of every kind, verifications
 * and deleted backups over two namespaces of one engine and one of another, with writes in the middle of the work. After
 * each step all stores are compared with Maps, after each backup what it holds; in the end every backup is verified and
 * restored into the second engine. Failures are told as by `modelSuite`.
 *
 * On a backend without transactions each commit is of one key, and nothing is written while a backup is taken.
 *
 * @example
 * const acme: OpenBackend = ({ folder, clock }) => acmeBackend({ path: folder(), clock });
 * backupModelSuite({ describe, it }, { from: acme, into: ({ clock }) => memoryBackend({ clock }) });
 */
export function backupModelSuite(
  runner: Runner,
  engines: BackupEngines,
  options: BackupModelOptions = {},
): void {
  const usual = { runs: 100, operations: 80, runsPerTest: 10, shrinkTries: 200 };
  const property: Property<undefined, Step<Site>> = {
    name: NAME,
    way: fc.constant(undefined),
    tell: () => "",
    step: anyStep,
    play: (_, sequence) => playOn(engines, sequence),
  };
  runner.describe(NAME, () => declareTests(runner, property, { ...usual, ...options }));
}

async function playOn(
  { from, into, repository = () => memoryTarget() }: BackupEngines,
  sequence: readonly Step<Site>[],
): Promise<void> {
  await Bench.use(from, seeded(0), async (first) => {
    const second = async (bench: Bench): Promise<void> => {
      const environment = new TestEnvironment(first.clock.now);
      try {
        await play(new Site(first, bench, await repository(environment)), sequence);
      } finally {
        await environment.cleanUp();
      }
    };
    await Bench.use(into, seeded(0), second, first.clock);
  });
}
