// The judgement of facts by limits: ok, warning or critical, each with its reason in words. Pure: no clock and no I/O.
// critical: a disaster now would lose what it must not. warning: somebody has to look before that.
import type { NamespaceId } from "@nadb/core";
import { ageCheck, archiveVerifiedCheck, drilledCheck, verifiedCheck } from "./ages.js";
import type { HealthCheck, HealthStatus } from "./check.js";
import {
  anomaliesCheck,
  chainCheck,
  clockCheck,
  damageCheck,
  indexCheck,
  leftoversCheck,
  repositoryCheck,
  sizesCheck,
} from "./contents-checks.js";
import { type HealthFacts, isFailure, type RepositoryFacts } from "./facts.js";
import { type HealthLimits, type LimitsInForce, limitsInForce } from "./limits.js";
import { type HealthMeasures, measuresOf } from "./measures.js";
import { archiveCheck, NO_ARCHIVE, sourceCheck } from "./source-checks.js";

export interface Health {
  /** The worst of the checks. */
  readonly status: HealthStatus;
  readonly db: string;
  readonly namespace: string;
  /** ISO 8601 in UTC. */
  readonly checkedAt: string;
  readonly checks: readonly HealthCheck[];
  /** Undefined when the repository could not be read. */
  readonly measures: HealthMeasures | undefined;
}

/** Throws NADB_INVALID_ARGUMENT for a limit that is none. */
export function judgeHealth(facts: HealthFacts, limits: HealthLimits = {}): Health {
  const inForce = limitsInForce(limits);
  const checks = [...checksOf(facts, inForce)];
  return {
    status: worstOf(checks),
    ...named(facts.id),
    checkedAt: new Date(facts.now).toISOString(),
    checks,
    measures: isFailure(facts.repository) ? undefined : measuresOf(facts, facts.repository),
  };
}

function* checksOf(facts: HealthFacts, limits: LimitsInForce): Generator<HealthCheck> {
  const { repository, source } = facts;
  if (isFailure(repository)) {
    yield { name: "repository", status: "critical", reason: repository.message };
    if (source !== undefined) yield sourceCheck(facts, []);
    return;
  }
  yield repositoryCheck(repository);
  if (source !== undefined) yield sourceCheck(facts, repository.backups);
  yield ageCheck(facts, repository, limits);
  yield verifiedCheck(facts, repository, limits);
  yield drilledCheck(facts, repository, limits);
  yield* archiveChecks(facts, repository, limits);
  yield chainCheck(repository, limits);
  yield damageCheck(repository);
  yield anomaliesCheck(repository);
  yield sizesCheck(repository);
  yield leftoversCheck(repository);
  yield indexCheck(repository);
  yield clockCheck(facts, repository);
}

function* archiveChecks(
  facts: HealthFacts,
  { archive }: RepositoryFacts,
  limits: LimitsInForce,
): Generator<HealthCheck> {
  if (archive !== undefined) {
    yield archiveCheck(archive, facts, limits);
    yield archiveVerifiedCheck(facts, archive, limits);
  } else if (limits.expectsArchive) yield NO_ARCHIVE;
}

const RANK: Readonly<Record<HealthStatus, number>> = { ok: 0, warning: 1, critical: 2 };

/** As metrics have it: 0, 1 or 2. */
export const rankOf = (status: HealthStatus): number => RANK[status];

export const worstOf = (checks: readonly Pick<HealthCheck, "status">[]): HealthStatus =>
  checks.reduce<HealthStatus>(
    (worst, { status }) => (RANK[status] > RANK[worst] ? status : worst),
    "ok",
  );

const named = ({ db, namespace }: NamespaceId) => ({ db, namespace });
