export {
  type BackupEngines,
  type BackupModelOptions,
  backupModelSuite,
  type OpenTarget,
} from "./backups/suite.js";
export { checkNamespace } from "./check.js";
export { backendConformance, type ConformanceOptions } from "./conformance.js";
export type { Environment, OpenBackend } from "./environment.js";
export type { KillEnvironment, KillPlace, KillServer, KillStorage } from "./kill/place.js";
export { type KillOptions, killSuite } from "./kill/suite.js";
export { killVictim, type OpenStorage } from "./kill/victim.js";
export { deriveSeed, type Random, seeded, seedOfRun } from "./random.js";
export type { Runner } from "./runner.js";
export { type ModelSuiteOptions, modelSuite } from "./sequences/suite.js";
export { targetConformance } from "./targets/conformance.js";
