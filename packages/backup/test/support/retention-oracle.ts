// The rules of retention once more, said of one backup at a time, by the plainest code that can be written: slow, and with
// nothing in common with the plan.
import type { BackupInfo, RetentionPlan, RetentionPolicy } from "../../src/index.js";
import type { RetentionContext } from "../../src/retention/context.js";
import type { Drawn } from "./histories.js";

const timeOf = (info: BackupInfo): number => Date.parse(info.timestamp);
const isNewer = (a: BackupInfo, b: BackupInfo): boolean => a.sequence > b.sequence;

/** What a backup is restored from, itself last; undefined where something is missing. */
export function chainOf(
  info: BackupInfo,
  backups: readonly BackupInfo[],
): readonly BackupInfo[] | undefined {
  if (info.parentBackupId === null) return [info];
  const parent = backups.find(({ backupId }) => backupId === info.parentBackupId);
  const before = parent && chainOf(parent, backups);
  return before && [...before, info];
}

export const isGood = (
  info: BackupInfo,
  backups: readonly BackupInfo[],
  { damaged = new Set() }: Pick<RetentionContext, "damaged">,
): boolean => chainOf(info, backups)?.every(({ backupId }) => !damaged.has(backupId)) ?? false;

const formats = new Map<string, Intl.DateTimeFormat>();
const read = new Map<string, string>();

function formatAt(timeZone: string): Intl.DateTimeFormat {
  const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit" } as const;
  const zone = { timeZone, timeZoneName: "longOffset" } as const;
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat("sv-SE", { ...parts, ...zone });
  formats.set(timeZone, format);
  return format;
}

/** The wall clock at a place, read from a text that people read. */
function wallClock(time: number, timeZone: string): { day: Date; hour: string } {
  const place = `${timeZone} ${time}`;
  const text = read.get(place) ?? formatAt(timeZone).format(time);
  read.set(place, text);
  const [date = "", clock = "", zone = ""] = text.split(" ");
  return { day: new Date(`${date}T00:00:00Z`), hour: `${date} ${clock.slice(0, 2)} ${zone}` };
}

function weekOf(day: Date): string {
  const monday = new Date(day);
  while (monday.getUTCDay() !== 1) monday.setUTCDate(monday.getUTCDate() - 1);
  return monday.toISOString(); // the week by its first day
}

const PERIODS: Record<string, (time: number, zone: string) => string> = {
  keepHourly: (time, zone) => wallClock(time, zone).hour,
  keepDaily: (time, zone) => wallClock(time, zone).day.toISOString(),
  keepWeekly: (time, zone) => weekOf(wallClock(time, zone).day),
  keepMonthly: (time, zone) => wallClock(time, zone).day.toISOString().slice(0, 7),
  keepYearly: (time, zone) => wallClock(time, zone).day.toISOString().slice(0, 4),
};

/** Whether a rule keeps `info` among `others`, all of one namespace, itself included. */
function isKeptByRule(
  info: BackupInfo,
  others: readonly BackupInfo[],
  policy: RetentionPolicy,
  now: number,
): boolean {
  const newer = others.filter((other) => isNewer(other, info));
  const newest = others.reduce((a, b) => (isNewer(a, b) ? a : b));
  const end = Math.min(now, timeOf(newest));
  if (newer.length < (policy.keepLast ?? 0)) return true;
  if (info.label !== null && policy.keepLabels?.includes(info.label)) return true;
  const { keepWithinSeconds = 0, timeZone = "UTC" } = policy;
  if (keepWithinSeconds > 0 && timeOf(info) >= end - keepWithinSeconds * 1000) return true;
  return Object.entries(PERIODS).some(([rule, nameAt]) => {
    const most = policy[rule as "keepDaily"] ?? 0;
    if (most === 0) return false;
    const name = (one: BackupInfo) => nameAt(timeOf(one), timeZone);
    const isAhead = (one: BackupInfo) => timeOf(one) > end && name(one) !== nameAt(end, timeZone);
    const rivals = newer.filter((other) => isAhead(other) === isAhead(info));
    if (rivals.some((other) => name(other) === name(info))) return false;
    return isAhead(info) || new Set(rivals.map(name)).size < most;
  });
}

/** The ids of those that must stay for their own sake. */
function keptForThemselves({ backups, policy, context }: Drawn): Set<string> {
  const { now, only, pinned, needed, held } = context;
  const kept = new Set<string>();
  const isJudged = (info: BackupInfo) => !only || info.sourceNamespace === only.namespace;
  for (const info of backups.filter(isJudged)) {
    const all = backups.filter((other) => other.sourceNamespace === info.sourceNamespace);
    const good = all.filter((other) => isGood(other, backups, context));
    const own = isGood(info, backups, context);
    const isLastGood = own && !good.some((other) => isNewer(other, info));
    const isRuled = isKeptByRule(info, own ? good : all, policy, now);
    const isMarked = pinned?.has(info.backupId) || held?.has(info.backupId);
    if (isRuled || isLastGood || good.length === 0 || isMarked) kept.add(info.backupId);
  }
  for (const info of backups.filter(({ setSize }) => setSize > 1)) {
    const members = backups.filter((other) => other.label === info.label && other.setSize > 1);
    const anyStays = members.some((one) => kept.has(one.backupId) || !isJudged(one));
    if (members.length === info.setSize && anyStays && isJudged(info)) kept.add(info.backupId);
  }
  for (const id of needed?.keys() ?? [])
    if (backups.some((info) => info.backupId === id && isJudged(info))) kept.add(id);
  return kept;
}

export interface Expected {
  readonly own: ReadonlySet<string>;
  /** Those, and what they are restored from where it is not merged. */
  readonly stays: ReadonlySet<string>;
}

export function expectedOf(drawn: Drawn): Expected {
  const { backups, context } = drawn;
  const own = keptForThemselves(drawn);
  const stays = new Set(own);
  const byId = new Map(backups.map((info) => [info.backupId, info]));
  const climb = (info: BackupInfo | undefined): void => {
    const parent = info?.parentBackupId && byId.get(info.parentBackupId);
    if (!parent) return;
    const isOwn = own.has(parent.backupId);
    stays.add(parent.backupId);
    if (!isOwn) climb(parent);
  };
  for (const id of own) {
    const info = byId.get(id) as BackupInfo;
    if (!context.consolidate || !isGood(info, backups, context)) climb(info);
  }
  return { own, stays };
}

/** Carries the steps out on nothing but who is laid over whom; answers what is wrong, at whatever step. */
export function faultsOf(plan: RetentionPlan, { backups, context }: Drawn): string[] {
  const faults: string[] = [];
  const removed = new Set(
    plan.decisions.filter(({ action }) => action === "remove").map(({ backup }) => backup.backupId),
  );
  const promised = backups.filter(
    (info) => !removed.has(info.backupId) && isGood(info, backups, context),
  );
  let now = [...backups];
  const find = (id: string) => now.find(({ backupId }) => backupId === id);
  for (const step of plan.steps) {
    const info = find(step.backupId);
    if (info === undefined) return [`${step.backupId} is gone before its step`];
    if (step.type === "remove") {
      if (find(step.relyingOn) === undefined) faults.push(`${step.relyingOn} is gone`);
      if (removed.has(step.relyingOn)) faults.push(`it relies on ${step.relyingOn}, which goes`);
      if (now.some(({ parentBackupId }) => parentBackupId === step.backupId))
        faults.push(`${step.backupId} goes before what is laid over it`);
      now = now.filter((one) => one !== info);
    } else {
      const chain = chainOf(info, now) ?? [];
      const onto = step.onto === null ? undefined : chain.find((one) => one.backupId === step.onto);
      if (step.onto !== null && (onto === undefined || onto === info))
        faults.push(`${step.backupId} is merged onto ${step.onto}, which it is not laid over`);
      const nearest = chain.slice(0, -1).findLast(({ backupId }) => !removed.has(backupId));
      if (nearest !== onto) faults.push(`${step.backupId} is merged with more than goes`);
      if (chain.some(({ backupId }) => context.damaged?.has(backupId)))
        faults.push(`${step.backupId} is merged with damage`);
      const fromVersion = onto?.toVersion ?? null;
      const merged = { ...info, parentBackupId: step.onto, fromVersion };
      now = now.map((one) => (one === info ? merged : one));
    }
    for (const { backupId } of promised)
      if (!isCovered(find(backupId), now)) faults.push(`${backupId} is broken`);
  }
  return faults;
}

/** Each run of its chain begins where the one before it ends, the first at the beginning. */
function isCovered(info: BackupInfo | undefined, backups: readonly BackupInfo[]): boolean {
  const chain = info && chainOf(info, backups);
  if (chain === undefined) return false;
  return chain.every((one, i) => one.fromVersion === (chain[i - 1]?.toVersion ?? null));
}
