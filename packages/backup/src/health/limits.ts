// The limits that health is judged by. A limit that is left out has a default, null judges nothing by it.
import { invalidArgument } from "@nadb/core";

export interface HealthLimits {
  /** The newest good backup may be so old. Beyond it: critical. Default 26 hours: a backup each day, and some delay. */
  readonly maxAgeSeconds?: number | null;
  /**
   * So long ago may the last full verification be that found nothing, and the last one of the archive. Beyond it: a warning.
   * Default 8 days.
   */
  readonly maxUnverifiedSeconds?: number | null;
  /** As `maxUnverifiedSeconds`, of drills. Default 35 days. */
  readonly maxUndrilledSeconds?: number | null;
  /** The newest good backup may restore from so many backups. Beyond it: a warning. Default 100. */
  readonly maxChainLength?: number | null;
  /** The archive may be so far behind the store. Beyond it: critical. Default: what the archive promises. */
  readonly maxLagSeconds?: number | null;
  /** Somebody archives the namespace: it is critical that nothing ever was. Default false. */
  readonly expectsArchive?: boolean;
}

type Limit = Exclude<keyof HealthLimits, "expectsArchive">;

export type LimitsInForce = { readonly [limit in Limit]-?: number | null } & {
  readonly hasMaxLag: boolean;
  readonly expectsArchive: boolean;
};

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Throws NADB_INVALID_ARGUMENT. */
export function limitsInForce({ expectsArchive = false, ...limits }: HealthLimits): LimitsInForce {
  for (const [name, limit] of Object.entries(limits)) checkLimit(name, limit);
  const {
    maxAgeSeconds = 26 * HOUR,
    maxUnverifiedSeconds = 8 * DAY,
    maxUndrilledSeconds = 35 * DAY,
    maxChainLength = 100,
    maxLagSeconds = null,
  } = limits;
  const hasMaxLag = limits.maxLagSeconds !== undefined;
  return {
    maxAgeSeconds,
    maxUnverifiedSeconds,
    maxUndrilledSeconds,
    maxChainLength,
    maxLagSeconds,
    hasMaxLag,
    expectsArchive,
  };
}

const NAMES: readonly string[] = [
  "maxAgeSeconds",
  "maxUnverifiedSeconds",
  "maxUndrilledSeconds",
  "maxChainLength",
  "maxLagSeconds",
];

function checkLimit(name: string, limit: unknown): void {
  if (!NAMES.includes(name)) throw invalidArgument(`there is no limit ${name}`);
  if (limit === undefined || limit === null) return;
  if (typeof limit === "number" && limit > 0) return;
  throw invalidArgument(`${name} ${String(limit)} is not a number above 0`);
}
