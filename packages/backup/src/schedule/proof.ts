// Whether the newest backup of a namespace is proven: a full verification or a drill of it, as its files are, was recorded
// and found nothing. INVARIANT: a proof older than the backup, or contradicted since, is none.
import { type Evidence, type EvidenceLevel, readEvidence } from "../evidence.js";
import type { BackupManager } from "../manager.js";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { ownBackups } from "./jobs.js";
import type { NewestBackup } from "./run.js";

const LEVELS: readonly EvidenceLevel[] = ["full", "drill"];

export async function newestBackup(manager: BackupManager): Promise<NewestBackup | null> {
  const newest = (await ownBackups(manager)).at(-1);
  if (newest === undefined) return null;
  const { backupId, timestamp } = newest;
  return { backupId, timestamp, provenAt: await provenAt(manager.repository, newest) };
}

async function provenAt(repository: Repository, info: BackupInfo): Promise<string | null> {
  const found = (
    await Promise.all(LEVELS.map((level) => evidenceOf(repository, info, level)))
  ).filter((evidence) => evidence !== undefined);
  if (found.some(({ ok }) => !ok)) return null;
  const times = found.map(({ at }) => at).filter((at) => at >= info.timestamp);
  return times.sort().at(-1) ?? null;
}

/** What was found of a backup last; undefined also when its chain is broken. */
export async function evidenceOf(
  repository: Repository,
  info: BackupInfo,
  level: EvidenceLevel,
): Promise<Evidence | undefined> {
  return readEvidence(repository.target, await repository.chain(info), level);
}
