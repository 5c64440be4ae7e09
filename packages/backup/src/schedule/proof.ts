// Whether the newest backup of a namespace is proven: a full verification or a drill of it, as its files are, was recorded
// and found nothing. INVARIANT: a proof older than the backup, or contradicted since, or of files that are not there as they
// were, is none. And what health would say, of all backups and of the archive, without anybody asking it.
import { type Evidence, type EvidenceLevel, readEvidence } from "../evidence.js";
import { archiveFacts, gatherHealth } from "../health/facts.js";
import { judgeHealth } from "../health/judge.js";
import { type HealthLimits, limitsInForce } from "../health/limits.js";
import { archiveCheck } from "../health/source-checks.js";
import type { BackupManager } from "../manager.js";
import type { BackupInfo } from "../manifest.js";
import { isSound } from "../parent.js";
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
  if (!(await isSound(repository, info))) return null;
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

/**
 * What is critical about the backups, as health sees it by itself, and an archive that nobody verifies. The age of backups is
 * judged only where a limit is given: when the next is due the schedule knows. Of the archive otherwise `archiveFlags` tells.
 */
export async function healthFlags(
  { repository, storage }: BackupManager,
  limits: HealthLimits = {},
): Promise<string[]> {
  const facts = await gatherHealth({
    id: storage.id,
    clock: repository.host.clock,
    repository: async () => repository,
    source: async () => storage,
    probe: false,
  });
  const { checks } = judgeHealth(facts, { maxAgeSeconds: null, ...limits });
  const bad = checks.filter(({ name, status }) =>
    name === "archive-verified" ? status !== "ok" : status === "critical" && name !== "archive",
  );
  return bad.map(({ name, reason }) => `health, ${name}: ${reason}`);
}

/** Whoever archives need not be of this process: what health would say of it. */
export async function archiveFlags(
  { repository, storage }: BackupManager,
  limits: HealthLimits = {},
): Promise<string[]> {
  const facts = await archiveFacts(repository, storage.id, storage);
  if (facts === undefined) return [];
  const { status, reason } = archiveCheck(
    facts,
    { source: await storage.head() },
    limitsInForce(limits),
  );
  return status === "ok" ? [] : [`the archive: ${reason}`];
}
