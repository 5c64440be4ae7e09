// What a retention policy may say. Every rule keeps backups, none removes any: a backup stays when one of them keeps it.
// INVARIANT: a policy that keeps nothing, or says something that is not understood, is refused before anything is planned.
import { checkName, invalidArgument, quote } from "@nadb/core";
import { Calendar, PERIODS, type Period } from "./calendar.js";

export interface RetentionPolicy {
  /** The newest backups, so many. */
  readonly keepLast?: number;
  /** Of each of the newest so many hours, days, ISO weeks, months, years that have a backup: the newest one. */
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  /** Those taken within so many seconds before the newest one, or before now when that is earlier. */
  readonly keepWithinSeconds?: number;
  /** Those with one of these labels. */
  readonly keepLabels?: readonly string[];
  /** Where hours and days begin: a name of the IANA database. Default "UTC". */
  readonly timeZone?: string;
}

/** The shorter words: a backup goes only when it is beyond both. */
export interface CleanupPolicy {
  /** Those taken within so many days stay. */
  readonly keepDays?: number;
  /** The newest so many stay. */
  readonly keepCount?: number;
}

type CountRule = "keepLast" | PeriodRule;
export type PeriodRule = `keep${Capitalize<Period>}`;

export const periodRule = (period: Period): PeriodRule =>
  `keep${period[0]?.toUpperCase()}${period.slice(1)}` as PeriodRule;

const COUNTS: readonly CountRule[] = ["keepLast", ...PERIODS.map(periodRule)];
const SECONDS_A_DAY = 86_400;

/** Throws NADB_INVALID_ARGUMENT for a policy that is unknown, negative or empty. */
export function checkPolicy(policy: RetentionPolicy): void {
  const { keepWithinSeconds, keepLabels = [], timeZone = "UTC", ...counts } = checkObject(policy);
  for (const [name, value] of Object.entries(counts)) {
    if (!(COUNTS as readonly string[]).includes(name)) throw unknownRule(name);
    checkCount(name, value);
  }
  checkSpan("keepWithinSeconds", keepWithinSeconds);
  checkLabels(keepLabels);
  new Calendar(timeZone);
  if (isEmpty(policy)) throw emptyPolicy();
}

/** The same policy in the longer words. Throws as `checkPolicy` does. */
export function policyOfCleanup(cleanup: CleanupPolicy): RetentionPolicy {
  const { keepDays, keepCount, ...others } = checkObject(cleanup);
  for (const name of Object.keys(others))
    throw unknownRule(name, "its rules are keepDays and keepCount");
  checkSpan("keepDays", keepDays);
  checkCount("keepCount", keepCount);
  const policy: RetentionPolicy = {
    ...(keepCount !== undefined && { keepLast: keepCount }),
    ...(keepDays !== undefined && { keepWithinSeconds: keepDays * SECONDS_A_DAY }),
  };
  checkPolicy(policy);
  return policy;
}

function isEmpty({ keepWithinSeconds = 0, keepLabels = [], ...rules }: RetentionPolicy): boolean {
  const counted = COUNTS.some((name) => (rules[name] ?? 0) > 0);
  return !counted && keepWithinSeconds === 0 && keepLabels.length === 0;
}

function checkObject<T extends object>(policy: T): T {
  if (typeof policy === "object" && policy !== null && !Array.isArray(policy)) return policy;
  throw invalidArgument(`the retention policy ${quote(policy)} is no object`, RULES);
}

function checkCount(name: string, value: unknown): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)) return;
  throw invalidArgument(`${name} ${quote(value)} is not a whole number from 0`);
}

function checkSpan(name: string, value: unknown): void {
  if (value === undefined || (Number.isFinite(value) && (value as number) >= 0)) return;
  throw invalidArgument(`${name} ${quote(value)} is not a number from 0`);
}

function checkLabels(labels: unknown): void {
  if (!Array.isArray(labels)) throw invalidArgument(`keepLabels ${quote(labels)} is no list`);
  for (const label of labels) checkName("label", label);
}

const RULES = `its rules are ${COUNTS.join(", ")}, keepWithinSeconds, keepLabels; timeZone goes with them`;

const unknownRule = (name: string, hint = RULES) =>
  invalidArgument(`the retention policy has no rule ${quote(name)}`, hint);

const emptyPolicy = () =>
  invalidArgument("the retention policy keeps nothing", "name at least one rule, above 0");
