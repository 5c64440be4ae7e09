// What health says about the store: whether it is there, whether it is the one that was backed up, and how far its archive
// is behind it.
import { promisedMs } from "../archive/declaration.js";
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

/** An archive that nobody writes to any more falls behind with the first change. */
export function archiveCheck(
  { lag, damaged, declared, found }: ArchiveFacts,
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
  if (source === undefined || isFailure(source))
    return { name, status: "ok", reason: "how far it is behind only the store can tell" };
  if (lag === undefined) {
    const reason = "nothing was archived of the namespace as it is now";
    return { name, status: "critical", reason };
  }
  const promised = declared === undefined ? null : promisedMs(declared, 0) / 1000;
  const limit = hasMaxLag ? maxLagSeconds : promised;
  const reason = `it is ${counted(lag.versions, "version")} and ${spanInWords(lag.seconds)} behind`;
  if (limit === null || lag.seconds <= limit) return { name, status: "ok", reason };
  const allowed = `at most ${spanInWords(limit)} are allowed`;
  return { name, status: "critical", reason: `${reason}; ${allowed}` };
}
