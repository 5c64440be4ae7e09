// What each rule of a policy keeps of the backups of one namespace. Their order tells which is newer; their times only say
// which hour or day they are of. INVARIANT: a clock that stood still or jumped, and a long pause, make no backup go by
// themselves: spans count back from the newest backup, periods count only where there is one, and those that lie ahead of
// it take no other's place.
import { quote } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import { Calendar, PERIODS, type Period } from "./calendar.js";
import { periodRule, type RetentionPolicy } from "./policy.js";

/** Why a backup is kept, by its id. */
export type Reasons = Map<string, string[]>;

export function addReason(reasons: Reasons, backupId: string, reason: string): void {
  const known = reasons.get(backupId);
  if (known === undefined) reasons.set(backupId, [reason]);
  else if (!known.includes(reason)) known.push(reason);
}

/**
 * Adds to `reasons` why backups are kept. `backups` are of one namespace, oldest first; `now` is in ms since 1970.
 * REQUIRES: the policy is checked.
 */
export function applyRules(
  reasons: Reasons,
  backups: readonly BackupInfo[],
  policy: RetentionPolicy,
  now: number,
): void {
  const newestFirst = backups.map((info) => ({ info, time: Date.parse(info.timestamp) })).reverse();
  const newest = newestFirst[0];
  if (newest === undefined) return;
  const work = { reasons, newestFirst, policy, reference: Math.min(now, newest.time) };
  applyLast(work);
  const calendar = new Calendar(policy.timeZone);
  for (const period of PERIODS) applyPeriod(work, period, calendar);
  applyWithin(work);
  applyLabels(work);
}

interface Work {
  readonly reasons: Reasons;
  readonly newestFirst: readonly { readonly info: BackupInfo; readonly time: number }[];
  readonly policy: RetentionPolicy;
  /** Nothing can be known to be later. */
  readonly reference: number;
}

function applyLast({ reasons, newestFirst, policy: { keepLast = 0 } }: Work): void {
  for (const [i, { info }] of newestFirst.slice(0, keepLast).entries()) {
    addReason(reasons, info.backupId, `last ${i + 1} of ${keepLast}`);
  }
}

function applyPeriod(work: Work, period: Period, calendar: Calendar): void {
  const { reasons, newestFirst, policy, reference } = work;
  const most = policy[periodRule(period)] ?? 0;
  if (most === 0) return;
  const current = calendar.nameOf(period, reference);
  const [counted, ahead] = [new Set<string>(), new Set<string>()];
  for (const { info, time } of newestFirst) {
    const name = calendar.nameOf(period, time);
    const isAhead = time > reference && name !== current;
    const seen = isAhead ? ahead : counted;
    if (seen.has(name) || (!isAhead && counted.size >= most)) continue;
    seen.add(name);
    addReason(reasons, info.backupId, `${period} ${name}${isAhead ? ", ahead of the clock" : ""}`);
  }
}

function applyWithin({ reasons, newestFirst, policy, reference }: Work): void {
  const { keepWithinSeconds = 0 } = policy;
  if (keepWithinSeconds === 0) return;
  const first = reference - keepWithinSeconds * 1000;
  for (const { info, time } of newestFirst) {
    if (time >= first) addReason(reasons, info.backupId, `within ${spanText(keepWithinSeconds)}`);
  }
}

function applyLabels({ reasons, newestFirst, policy: { keepLabels = [] } }: Work): void {
  for (const { info } of newestFirst) {
    if (info.label !== null && keepLabels.includes(info.label))
      addReason(reasons, info.backupId, `label ${quote(info.label)}`);
  }
}

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "m"],
] as const;

/** As it is typed: 30d, 36h, 90s. */
function spanText(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds % size === 0) ?? [1, "s"];
  return `${seconds / size}${unit}`;
}
