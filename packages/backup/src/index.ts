export { directoryTarget } from "#directory";
export type { CreateBackupOptions, CreateIncrementalOptions } from "./create.js";
export { BackupManager, type BackupManagerOptions } from "./manager.js";
export { type BackupInfo, MANIFEST_FORMAT, MANIFEST_VERSION } from "./manifest.js";
export { PACK_VERSION } from "./pack/format.js";
export { decodePack } from "./pack/reader.js";
export { encodePack, type PackOptions } from "./pack/writer.js";
export type { LongWork, Progress } from "./progress.js";
export { type OpenRepositoryOptions, Repository, type Scan } from "./repository.js";
export type { Restoration, RestoreOptions } from "./restore.js";
export type { BackupTarget, TargetEntry, WriteOptions } from "./target.js";
export { memoryTarget } from "./targets/memory.js";
export {
  type Finding,
  VERIFY_LEVELS,
  type Verification,
  type VerifyLevel,
  type VerifyOptions,
} from "./verify.js";
