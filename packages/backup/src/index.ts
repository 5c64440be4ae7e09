export { directoryTarget } from "#directory";
export { type ArchiveOptions, Archiver, archiveOnce } from "./archive/archiver.js";
export type { CompactionStep } from "./archive/compact.js";
export { type Declaration, readDeclaration } from "./archive/declaration.js";
export { getAt, historyOf, type KeyVersion } from "./archive/history.js";
export { archiveLag, type Lag } from "./archive/lag.js";
export { listPoints } from "./archive/list-points.js";
export {
  checkPointsStay,
  type Losses,
  type LossesOptions,
  type LostPoints,
  lossesWithout,
  lostText,
} from "./archive/losses.js";
export type { Segment } from "./archive/names.js";
export { basesNeeded, neededByArchives } from "./archive/needs.js";
export {
  type Gap,
  type GapReason,
  gapAt,
  isHidden,
  type Points,
  pointAt,
  pointNamed,
  type Stretch,
} from "./archive/points.js";
export {
  type ArchivePolicy,
  checkPolicy as checkArchivePolicy,
  explainPolicy as explainArchivePolicy,
  type Level,
  parsePolicy as parseArchivePolicy,
} from "./archive/policy.js";
export type { PreparedPointRestore } from "./archive/prepared-point.js";
export type {
  AtPoint,
  AtTime,
  PointRestoration,
  PointRestorePlan,
} from "./archive/restore-point.js";
export { readTimeline } from "./archive/segments.js";
export type { Timeline, TimelinePoint } from "./archive/timeline.js";
export {
  type ArchiveVerification,
  type VerifyArchiveOptions,
  verifyArchive,
} from "./archive/verify-archive.js";
export type { Written } from "./archive/write-segment.js";
export { type BackendTargetOptions, backendTarget } from "./backend-target/backend-target.js";
export type { Scan } from "./catalog.js";
export { type ConsolidateOptions, consolidateBackup } from "./consolidate.js";
export { type ConsolidationPlan, planConsolidation } from "./consolidation-plan.js";
export type { Difference } from "./contents.js";
export type { CreateBackupOptions, CreateIncrementalOptions } from "./create.js";
export { type Drill, type DrillOptions, drillBackup, newestBackup } from "./drill/drill.js";
export { type DrillBackend, isScratch, type ScratchHost, sweepScratch } from "./drill/scratch.js";
export { type Evidence, type EvidenceLevel, readEvidence } from "./evidence.js";
export type { Finding } from "./finding.js";
export { type Format, type FormatOptions, WRITABLE_FORMATS } from "./formats.js";
export { type Acceptance, acceptBackup, acceptedOf } from "./health/acceptance.js";
export {
  type HealthOfAll,
  type HealthOfAllOptions,
  healthOfAllNamespaces,
} from "./health/all-namespaces.js";
export {
  type Anomaly,
  type AnomalyKind,
  type AnomalyLimits,
  anomaliesIn,
  anomaliesOf,
} from "./health/anomalies.js";
export type { BackupFacts } from "./health/chains.js";
export type { HealthCheck, HealthStatus } from "./health/check.js";
export {
  type ArchiveFacts,
  type Failure,
  type GatherHealthOptions,
  gatherHealth,
  type HealthFacts,
  type RepositoryFacts,
} from "./health/facts.js";
export { heldFor, type UnusualBackup, unusualBackups } from "./health/gate.js";
export {
  type Health,
  judgeHealth,
} from "./health/judge.js";
export type { HealthLimits } from "./health/limits.js";
export type { HealthMeasures } from "./health/measures.js";
export { prometheusText } from "./health/prometheus.js";
export { BackupManager, type BackupManagerOptions, type PruneManagedOptions } from "./manager.js";
export { type BackupInfo, type FormatName, MANIFEST_VERSION } from "./manifest.js";
export { CODEC_NAMES, type Codec, type Compression } from "./pack/codecs.js";
export { PACK_VERSION } from "./pack/format.js";
export { decodePack } from "./pack/reader.js";
export { encodePack, type PackOptions } from "./pack/writer.js";
export type { LongWork, Progress } from "./progress.js";
export { type ExportPythonOptions, exportPython } from "./python/export.js";
export type {
  LeftAlone,
  Loss,
  RepairPlan,
  RepairStep,
} from "./repair/plan.js";
export { planRepair } from "./repair/plan-repair.js";
export { listQuarantine, type Quarantined, type Reason } from "./repair/quarantine.js";
export {
  type LeftRepair,
  type Repair,
  type RepairOptions,
  repairRepository,
} from "./repair/repair.js";
export { type OpenRepositoryOptions, Repository } from "./repository.js";
export type { Restoration } from "./restore.js";
export type { PlannedAction, RestorePlan } from "./restore-plan.js";
export type {
  ExecuteRestoreOptions,
  PreparedRestore,
  PrepareRestoreOptions,
} from "./restore-prepared.js";
export { ON_CONFLICT, type OnConflict, type RestoreOptions } from "./restore-source.js";
export type { RetentionContext } from "./retention/context.js";
export {
  checkNotLastGood,
  type DeleteBackupOptions,
  type DeletedBackup,
  deleteBackup,
} from "./retention/delete.js";
export { checkNotPinned, type Pin, readPins } from "./retention/pin-file.js";
export { type PinOptions, pinBackup, unpinBackup } from "./retention/pins.js";
export {
  planRetention,
  type RetentionDecision,
  type RetentionPlan,
  type RetentionStep,
} from "./retention/plan.js";
export {
  type CleanupPolicy,
  checkPolicy,
  policyOfCleanup,
  type RetentionPolicy,
} from "./retention/policy.js";
export {
  type LeftStep,
  type PruneOptions,
  type PrunePlan,
  type Pruning,
  planPrune,
  pruneBackups,
} from "./retention/prune.js";
export { readSalvageList, type SalvageList } from "./salvage/list-file.js";
export { type PlanSalvageOptions, planSalvage } from "./salvage/plan-salvage.js";
export type {
  LossKind,
  LostKeys,
  ManifestState,
  RunSource,
  SalvagedRun,
  SalvageLoss,
  SalvagePlan,
  SalvageReport,
  StandIns,
} from "./salvage/report.js";
export { type Salvage, type SalvageOptions, salvageBackup } from "./salvage/salvage.js";
export type { ArchiveJob } from "./schedule/archive-job.js";
export type {
  DrillJob,
  FullJob,
  IncrementalJob,
  ManagerSource,
  OpenedManager,
  PruneJob,
  Scheduled,
  ScheduledJobs,
  ScheduleHooks,
  ScheduleOptions,
  StartingRun,
  VerifyJob,
} from "./schedule/options.js";
export {
  JOB_NAMES,
  type JobName,
  type JobRun,
  type NewestBackup,
  type Outcome,
  type RunError,
  type RunName,
  type Trigger,
} from "./schedule/run.js";
export {
  BackupSchedule,
  type NextRuns,
  nextRuns,
  runScheduledJob,
  scheduleBackups,
} from "./schedule/schedule.js";
export { type PassedOver, type SelectOptions, TTL_POLICIES, type TtlPolicy } from "./selection.js";
export {
  type BackupAllOptions,
  backupAllNamespaces,
  namespacesToBackUp,
  type TakenSet,
} from "./sets/backup-all.js";
export {
  type DeleteLabelOptions,
  deleteLabel,
  type LabelVerification,
  planDeleteLabel,
  verifyLabel,
} from "./sets/label.js";
export type { LeftOut } from "./sets/namespaces.js";
export {
  type ExecuteRestoreAllOptions,
  type PreparedSetRestore,
  type PrepareRestoreAllOptions,
  prepareRestoreAllNamespaces,
} from "./sets/prepared-set.js";
export {
  type OfNamespace,
  planRestoreAllNamespaces,
  type RestoreAllOptions,
  restoreAllNamespaces,
} from "./sets/restore-all.js";
export { getSet, type NamespaceSource } from "./sets/set.js";
export type {
  BackupTarget,
  ListOptions,
  ReadOptions,
  TargetEntry,
  WriteOptions,
} from "./target.js";
export { memoryTarget } from "./targets/memory.js";
export { systemTimer, type Timer } from "./timer.js";
export {
  VERIFY_LEVELS,
  type Verification,
  type VerifyLevel,
  type VerifyOptions,
} from "./verify.js";
