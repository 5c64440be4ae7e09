// What health says about the store: whether it is there, whether it is the one that was backed up, and how far its archive
// is behind it.
import { type Declaration, promisedMs } from "../archive/declaration.js";
import { stateCountOf } from "../taken-run.js";
import type { BackupFacts } from "./chains.js";
import type { HealthCheck } from "./check.js";
import { type ArchiveFacts, type HealthFacts, isFailure } from "./facts.js";
import type { LimitsInForce } from "./limits.js";
import { counted, spanInWords } from "./words.js";

/** REQUIRES: somebody has looked at the store. */
export function sourceCheck({ source }: HealthFacts, backups: readonly BackupFacts[]): HealthCheck {
  const name = "source";
  if (source === undefined) return { name, status: "ok", reason: "nobody has looked at it" };
  if (isFailure(source)) return { name, status: "critical", reason: source.message };
  const newest = backups.at(-1)?.info;
  const held = (newest && stateCountOf(newest)) ?? 0;
  if (source.count === 0 && held > 0) {
    const reason = `the namespace is empty, its newest backup holds ${counted(held, "record")}`;
    return { name, status: "critical", reason };
  }
  if (newest?.generation === source.generation && source.version < newest.toVersion) {
    const reason = `the namespace stands before its newest backup: an older copy was put in its place`;
    return { name, status: "critical", reason };
  }
  return { name, status: "ok", reason: `it holds ${counted(source.count, "record")}` };
}

export const NO_ARCHIVE: HealthCheck = {
  name: "archive",
  status: "critical",
  reason: "nothing was ever archived",
};

/** What is taken for declared where that can not be read: as an archiver looks that was told nothing. */
const BY_DEFAULT: Declaration = { everySeconds: 1, policy: null };

/** An archive that nobody writes to any more falls behind with the first change. */
export function archiveCheck(
  { lag, damaged, declared, undeclared, found }: ArchiveFacts,
  { source }: Pick<HealthFacts, "source">,
  { maxLagSeconds, hasMaxLag }: LimitsInForce,
): HealthCheck {
  const name = "archive";
  if (damaged > 0) {
    const reason = `${counted(damaged, "segment")} of the archive ${damaged === 1 ? "has lost its" : "have lost their"} data`;
    return { name, status: "critical", reason };
  }
  const [first] = found;
  if (first !== undefined) {
    const more = found.length > 1 ? ` (and ${found.length - 1} more)` : "";
    const reason = `its last verification found it damaged: ${first.detail}${more}`;
    return { name, status: "critical", reason };
  }
  const [status, why] = undeclared
    ? (["warning", `; ${undeclared.message}`] as const)
    : (["ok", ""] as const);
  if (source === undefined || isFailure(source))
    return { name, status, reason: `how far it is behind only the store can tell${why}` };
  if (lag === undefined) {
    const reason = "nothing was archived of the namespace as it is now";
    return { name, status: "critical", reason };
  }
  const promise = undeclared === undefined ? declared : BY_DEFAULT;
  const promised = promise === undefined ? null : promisedMs(promise, 0) / 1000;
  const limit = hasMaxLag ? maxLagSeconds : promised;
  const behind = `it is ${counted(lag.versions, "version")} and ${spanInWords(lag.seconds)} behind`;
  const reason = `${behind}${why}`;
  if (limit === null || lag.seconds <= limit) return { name, status, reason };
  const allowed = `at most ${spanInWords(limit)} are allowed`;
  return { name, status: "critical", reason: `${reason}; ${allowed}` };
}
