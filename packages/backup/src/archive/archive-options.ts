// What may be said to whoever archives, and that it is understood: what is unknown or can not be held is refused before anything
// is written.
import { invalidArgument, quote } from "@nadb/core";
import type { Timer } from "../timer.js";
import type { FollowOptions } from "./follower.js";
import type { Lag } from "./lag.js";
import { type ArchivePolicy, checkEverySeconds, checkPace, checkPolicy } from "./policy.js";

export interface ArchiveOptions extends Partial<FollowOptions> {
  /** How often it looks for changes. Default 1. */
  readonly everySeconds?: number;
  /** What of the archive stays restorable; null: everything. Default: what is declared; null where nothing is. */
  readonly policy?: ArchivePolicy | null;
  /** Let the policy promise less than what is declared: what it no longer promises goes. Default false: NADB_CONFLICT. */
  readonly replacePolicy?: boolean;
  /** Stops it, after the segment that it is writing; a full backup that it is taking is given up. */
  readonly signal?: AbortSignal;
  /** Looks, by calling `look`: what it throws before or behind that is a look that failed. */
  readonly around?: (look: () => Promise<void>) => Promise<void>;
  readonly timer?: Timer;
  /** How often in a row a look may fail. Default 20: about a quarter of an hour. */
  readonly maxFailures?: number;
  /** After each look that did something or failed. */
  readonly onLag?: (lag: Lag) => void;
  /** A look has failed and is tried again. */
  readonly onRetry?: (error: unknown, afterMs: number) => void;
  /** Compaction has failed. Archiving goes on, and it is tried again when its time comes. */
  readonly onCompactionFailed?: (error: unknown) => void;
}

/** Throws NADB_INVALID_ARGUMENT. */
export function followOptions({ everySeconds = 1, ...options }: ArchiveOptions): FollowOptions {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    throw invalidArgument(`there is no option ${quote(name)} of the archive`);
  }
  checkEverySeconds(everySeconds);
  const { policy } = options;
  if (policy) checkPolicy(policy);
  if (policy) checkPace(policy, everySeconds);
  return { ...options, everySeconds };
}

/** Those that are known, besides everySeconds. */
const OPTIONS: Readonly<Record<keyof Omit<Required<ArchiveOptions>, "everySeconds">, true>> = {
  policy: true,
  replacePolicy: true,
  compression: true,
  sortBytes: true,
  signal: true,
  around: true,
  timer: true,
  maxFailures: true,
  onLag: true,
  onSegment: true,
  onBackup: true,
  onCompaction: true,
  onRetry: true,
  onCompactionFailed: true,
};
