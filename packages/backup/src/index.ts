export { directoryTarget } from "#directory";
export type { Difference } from "./contents.js";
export type { CreateBackupOptions, CreateIncrementalOptions } from "./create.js";
export { BackupManager, type BackupManagerOptions } from "./manager.js";
export { type BackupInfo, MANIFEST_FORMAT, MANIFEST_VERSION } from "./manifest.js";
export type { Codec, Compression } from "./pack/codecs.js";
export { PACK_VERSION } from "./pack/format.js";
export { decodePack } from "./pack/reader.js";
export { encodePack, type PackOptions } from "./pack/writer.js";
export type { LongWork, Progress } from "./progress.js";
export { type OpenRepositoryOptions, Repository, type Scan } from "./repository.js";
export { ON_CONFLICT, type OnConflict, type Restoration, type RestoreOptions } from "./restore.js";
export type { PlannedAction, RestorePlan } from "./restore-plan.js";
export { type PassedOver, type SelectOptions, TTL_POLICIES, type TtlPolicy } from "./selection.js";
export type { BackupTarget, TargetEntry, WriteOptions } from "./target.js";
export { memoryTarget } from "./targets/memory.js";
export {
  type Finding,
  VERIFY_LEVELS,
  type Verification,
  type VerifyLevel,
  type VerifyOptions,
} from "./verify.js";
