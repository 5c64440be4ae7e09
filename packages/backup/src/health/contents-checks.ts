// What health says about the contents of a repository: damage, what is unusual, chains, sizes, leftovers, index, clocks.
import { CLOCK_TOLERANCE_MS, newestGood } from "./ages.js";
import type { HealthCheck } from "./check.js";
import type { HealthFacts, RepositoryFacts } from "./facts.js";
import { inWords } from "./gate.js";
import type { LimitsInForce } from "./limits.js";
import { growthOf, storedBytesOf } from "./measures.js";
import { counted } from "./words.js";

const MAX_NAMED = 5;

/** A copy that is only read is good for a restore; whoever takes backups there has to look. */
export const repositoryCheck = ({ unwritable }: RepositoryFacts): HealthCheck =>
  unwritable === undefined
    ? { name: "repository", status: "ok", reason: "it can be read" }
    : {
        name: "repository",
        status: "warning",
        reason: `it can be read, and nothing can be written here: ${unwritable}`,
      };

export function damageCheck({ backups, findings }: RepositoryFacts): HealthCheck {
  const bad = backups.filter(({ isGood }) => !isGood).map(({ info }) => info.backupId);
  const ids = [...findings.map(({ backupId }) => backupId), ...bad];
  if (ids.length === 0) return { name: "damage", status: "ok", reason: "none is known" };
  const detail = findings[0] === undefined ? "" : `: ${findings[0].detail}`;
  const reason = `${counted(ids.length, "backup")} can not be restored (${named(ids)})${detail}`;
  return { name: "damage", status: "critical", reason };
}

export function anomaliesCheck({ backups }: RepositoryFacts): HealthCheck {
  const unusual = backups.filter(({ anomalies }) => anomalies.length > 0);
  const newest = unusual.at(-1);
  if (newest === undefined)
    return { name: "anomalies", status: "ok", reason: "nothing is unusual" };
  const more = unusual.length > 1 ? ` (and ${unusual.length - 1} more)` : "";
  const { info, anomalies } = newest;
  const reason = `${info.backupId} is unusual: ${inWords(anomalies)}${more}; nobody has accepted it`;
  return { name: "anomalies", status: "warning", reason };
}

export function chainCheck(
  repository: RepositoryFacts,
  { maxChainLength }: LimitsInForce,
): HealthCheck {
  const length = newestGood(repository)?.chainLength ?? 0;
  const reason = `the newest good backup restores from ${counted(length, "backup")}`;
  if (maxChainLength === null || length <= maxChainLength)
    return { name: "chain", status: "ok", reason };
  const limit = `at most ${maxChainLength} are allowed`;
  return { name: "chain", status: "warning", reason: `${reason}; ${limit}` };
}

export function sizesCheck({ backups }: RepositoryFacts): HealthCheck {
  const growth = growthOf(backups.map(({ info }) => info));
  const stored = `${counted(backups.length, "backup")} of ${storedBytesOf(backups)} bytes`;
  const trend =
    growth === undefined ? "" : `; the namespace grows by ${Math.round(growth)} bytes a day`;
  return { name: "sizes", status: "ok", reason: `${stored}${trend}` };
}

export function leftoversCheck({ leftovers }: RepositoryFacts): HealthCheck {
  if (leftovers.length === 0) return { name: "leftovers", status: "ok", reason: "there are none" };
  const reason = `a writer died and left something in ${named(leftovers)}; the next backup sweeps it`;
  return { name: "leftovers", status: "warning", reason };
}

export const indexCheck = ({ hasIndex }: RepositoryFacts): HealthCheck =>
  hasIndex
    ? { name: "index", status: "ok", reason: "it can be read" }
    : {
        name: "index",
        status: "warning",
        reason: "it is lost or damaged; the folders still tell all, the next backup writes it anew",
      };

/** Order rests on places, not on times; but an age that is told by a clock that was ahead is no age. */
export function clockCheck(
  { now }: HealthFacts,
  { backups, archive }: RepositoryFacts,
): HealthCheck {
  const isAhead = (time: string | undefined): boolean =>
    time !== undefined && Date.parse(time) > now + CLOCK_TOLERANCE_MS;
  const ahead = backups.filter(({ info, verified, drilled }) =>
    [info.timestamp, verified?.at, verified?.lastOkAt, drilled?.at, drilled?.lastOkAt].some(
      (time) => isAhead(time ?? undefined),
    ),
  );
  const isArchiveAhead = (archive?.newestTime ?? 0) > now + CLOCK_TOLERANCE_MS;
  if (ahead.length === 0 && !isArchiveAhead)
    return { name: "clock", status: "ok", reason: "no time lies in the future" };
  const names = ahead.map(({ info }) => info.backupId);
  const ids = named([...(isArchiveAhead ? ["points of the archive"] : []), ...names]);
  const reason = `times of ${ids} lie in the future: a clock is or was wrong, and ages can not be told`;
  return { name: "clock", status: "warning", reason };
}

const named = (ids: readonly string[]): string =>
  `${ids.slice(0, MAX_NAMED).join(", ")}${ids.length > MAX_NAMED ? ", …" : ""}`;
