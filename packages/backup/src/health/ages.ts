// How long ago something good was: the newest good backup, the last full verification, the last drill. INVARIANT: a time that
// a wrong clock has set ahead of now is no sign of health.
import type { Evidence } from "../evidence.js";
import type { BackupFacts } from "./chains.js";
import type { HealthCheck } from "./check.js";
import { type ArchiveFacts, type HealthFacts, isFailure, type RepositoryFacts } from "./facts.js";
import type { LimitsInForce } from "./limits.js";
import { archiveCheck } from "./source-checks.js";
import { agoInWords, spanInWords } from "./words.js";

/** Clocks of two machines may differ by so much. */
export const CLOCK_TOLERANCE_MS = 60_000;

export const newestGood = ({ backups }: RepositoryFacts): BackupFacts | undefined =>
  backups.findLast(({ isGood }) => isGood);

/** Seconds; 0 for what the clock has not reached yet. */
export const secondsSince = (time: string, now: number): number =>
  Math.max(0, now - Date.parse(time)) / 1000;

/** What no write has followed is as good as new, however old; and so is what an archive goes on from that keeps up. */
export function ageCheck(
  facts: HealthFacts,
  repository: RepositoryFacts,
  limits: LimitsInForce,
): HealthCheck {
  const { maxAgeSeconds } = limits;
  const name = "age";
  const newest = newestGood(repository);
  if (newest === undefined) return { name, status: "critical", reason: whyNone(repository) };
  const { backupId, timestamp } = newest.info;
  const age = secondsSince(timestamp, facts.now);
  const reason = `the newest good backup, ${backupId}, was taken ${agoInWords(age)}`;
  if (maxAgeSeconds === null || age <= maxAgeSeconds) return { name, status: "ok", reason };
  if (isUnchangedSince(newest, facts))
    return { name, status: "ok", reason: `${reason}; nothing has changed since` };
  const lag = lagOfSound(facts, repository, limits);
  if (lag !== undefined && lag <= maxAgeSeconds)
    return { name, status: "ok", reason: `${reason}; the archive has what came since` };
  const limit = `at most ${spanInWords(maxAgeSeconds)} are allowed`;
  return { name, status: "critical", reason: `${reason}; ${limit}` };
}

/** How far the archive is behind, in seconds; undefined where there is none, or something is wrong with it. */
function lagOfSound(
  facts: HealthFacts,
  { archive }: RepositoryFacts,
  limits: LimitsInForce,
): number | undefined {
  if (archive === undefined || archiveCheck(archive, facts, limits).status !== "ok")
    return undefined;
  return archive.lag?.seconds;
}

const whyNone = ({ backups }: RepositoryFacts): string =>
  backups.length === 0
    ? "there is no backup at all"
    : `of ${backups.length} backups none can be restored`;

function isUnchangedSince({ info }: BackupFacts, { source }: HealthFacts): boolean {
  return source !== undefined && !isFailure(source) && source.checkpoint === info.toCheckpoint;
}

/** When something of this kind last found a backup ok that is good to this day; what was contradicted since counts for nothing. */
export function lastOk(
  { backups }: RepositoryFacts,
  now: number,
  evidenceOf: (facts: BackupFacts) => readonly (Evidence | undefined)[],
): string | undefined {
  const good = backups.filter(({ isGood }) => isGood);
  const times = good.flatMap((one) => evidenceOf(one).flatMap((it) => (it?.ok ? it.at : [])));
  const past = times.filter((time) => Date.parse(time) <= now + CLOCK_TOLERANCE_MS);
  return past.reduce<string | undefined>(
    (last, time) => (last === undefined || Date.parse(time) > Date.parse(last) ? time : last),
    undefined,
  );
}

/** A drill reads all that a verification does. */
export const lastVerified = (repository: RepositoryFacts, now: number): string | undefined =>
  lastOk(repository, now, ({ verified, drilled }) => [verified, drilled]);

export const lastDrilled = (repository: RepositoryFacts, now: number): string | undefined =>
  lastOk(repository, now, ({ drilled }) => [drilled]);

export const verifiedCheck = (
  { now }: HealthFacts,
  repository: RepositoryFacts,
  { maxUnverifiedSeconds }: LimitsInForce,
): HealthCheck =>
  sinceCheck(
    "verified",
    "full verification",
    lastVerified(repository, now),
    now,
    maxUnverifiedSeconds,
  );

export const drilledCheck = (
  { now }: HealthFacts,
  repository: RepositoryFacts,
  { maxUndrilledSeconds }: LimitsInForce,
): HealthCheck =>
  sinceCheck("drilled", "drill", lastDrilled(repository, now), now, maxUndrilledSeconds);

/** One that was never verified has time from its oldest segment on: a new archive is not late at once. */
export function archiveVerifiedCheck(
  { now }: Pick<HealthFacts, "now">,
  archive: ArchiveFacts,
  { maxUnverifiedSeconds: limit }: LimitsInForce,
): HealthCheck {
  const name = "archive-verified";
  const last = archiveVerified(archive, now);
  if (last !== undefined) {
    const age = secondsSince(last, now);
    return within(name, `the archive was last verified ${agoInWords(age)}`, age, limit);
  }
  const { oldestTime } = archive;
  if (oldestTime === undefined)
    return { name, status: "ok", reason: "the archive has no segment yet" };
  const age = Math.max(0, now - oldestTime) / 1000;
  const reason = `the archive was never verified, its oldest segment was written ${agoInWords(age)}`;
  return within(name, reason, age, limit);
}

/** What it has found counts by itself, so that it need not have found nothing. */
export const archiveVerified = ({ verifiedAt }: ArchiveFacts, now: number): string | undefined =>
  verifiedAt !== undefined && Date.parse(verifiedAt) <= now + CLOCK_TOLERANCE_MS
    ? verifiedAt
    : undefined;

function sinceCheck(
  name: string,
  what: string,
  last: string | undefined,
  now: number,
  limit: number | null,
): HealthCheck {
  if (last === undefined) {
    const reason = `no ${what} has found a backup ok that is still there as it was, and good`;
    return { name, status: limit === null ? "ok" : "warning", reason };
  }
  const age = secondsSince(last, now);
  return within(name, `the last ${what} that found nothing was ${agoInWords(age)}`, age, limit);
}

function within(name: string, reason: string, age: number, limit: number | null): HealthCheck {
  if (limit === null || age <= limit) return { name, status: "ok", reason };
  const allowed = `at most ${spanInWords(limit)} are allowed`;
  return { name, status: "warning", reason: `${reason}; ${allowed}` };
}
