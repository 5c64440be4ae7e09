export {
  type BackupEngines,
  type BackupModelOptions,
  backupModelSuite,
  type OpenTarget,
} from "./backups/suite.js";
export { checkNamespace } from "./check.js";
export { backendConformance, type ConformanceOptions } from "./conformance.js";
export type { Environment, OpenBackend } from "./environment.js";
export { deriveSeed, type Random, seeded, seedOfRun } from "./random.js";
export type { Runner } from "./runner.js";
export { type ModelSuiteOptions, modelSuite } from "./sequences/suite.js";
