// Histories of backups and policies of retention, drawn at random: fulls, incrementals, branches, sets, pins, damage, holds,
// clocks that jump. The same seed gives the same ones.
import type { BackupInfo, RetentionPolicy } from "../../src/index.js";
import type { RetentionContext } from "../../src/retention/context.js";
import { historyOf, type Taken } from "./history.js";
import type { Random } from "./random.js";

const START = Date.parse("2026-03-20T00:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [0, MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, DAY, DAY, 3 * DAY, 20 * DAY];
const JUMPS = [-30 * 365 * DAY, -DAY, -HOUR, -MINUTE, HOUR, DAY, 4 * 365 * DAY];
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];
const LABELS = ["release", "before-update"];

export const chance = (random: Random, percent: number): boolean => random.int(100) < percent;

export const pick = <T>(random: Random, items: readonly T[]): T =>
  items[random.int(items.length)] as T;

/** A clock that goes on by random steps, and now and then is wrong for one reading. */
export function drawTimes(random: Random, count: number): number[] {
  let time = START + random.int(300) * DAY;
  return Array.from({ length: count }, () => {
    time += pick(random, STEPS);
    return chance(random, 6) ? time + pick(random, JUMPS) : time;
  });
}

/** Backups of up to three namespaces; some of sets, some laid over older ones, not always the newest. */
export function drawTaken(random: Random, most: number): Taken[] {
  const namespaces = ["a", "b", "c"].slice(0, 1 + random.int(3));
  const times = drawTimes(random, 1 + random.int(most));
  const taken: Taken[] = [];
  for (const [i, at] of times.entries()) {
    const isSet = namespaces.length > 1 && chance(random, 25);
    const label = isSet ? `set${i}` : chance(random, 15) ? pick(random, LABELS) : undefined;
    const members = isSet ? namespaces : [pick(random, namespaces)];
    for (const namespace of members) {
      const before = taken.filter((one) => one.namespace === namespace);
      const parent = drawParent(random, before);
      taken.push({
        id: `b${i}${isSet ? namespace : ""}`,
        at,
        namespace,
        size: 1 + random.int(100),
        ...(parent && { parent: parent.id }),
        ...(label && { label }),
        ...(isSet && { setSize: namespaces.length }),
      });
    }
  }
  return taken;
}

function drawParent(random: Random, before: readonly Taken[]): Taken | undefined {
  if (before.length === 0 || chance(random, 25)) return undefined;
  return chance(random, 80) ? before.at(-1) : pick(random, before);
}

const some = (random: Random, ids: readonly string[], percent: number): string[] =>
  ids.filter(() => chance(random, percent));

export interface Drawn {
  readonly backups: readonly BackupInfo[];
  readonly policy: RetentionPolicy;
  readonly context: RetentionContext;
}

/** Some of its backups are lost, so that parents are missing and sets are not whole. */
export function drawCase(random: Random): Drawn {
  const lossy = chance(random, 20);
  const backups = historyOf(drawTaken(random, 24)).filter(() => !lossy || !chance(random, 15));
  const ids = backups.map(({ backupId }) => backupId);
  return {
    backups,
    policy: drawPolicy(random),
    context: {
      now: drawNow(random, backups),
      consolidate: chance(random, 50),
      pinned: new Map(some(random, ids, 6).map((id) => [id, null])),
      needed: new Map(some(random, ids, 3).map((id) => [id, "the archive"])),
      held: new Map(some(random, ids, chance(random, 20) ? 20 : 0).map((id) => [id, "a reason"])),
      damaged: new Set(some(random, ids, chance(random, 30) ? 25 : 0)),
      ...(chance(random, 15) && { only: { db: "db", namespace: "a" } }),
    },
  };
}

function drawNow(random: Random, backups: readonly BackupInfo[]): number {
  const newest = Date.parse(backups.at(-1)?.timestamp ?? "2026-01-01");
  return newest + (chance(random, 25) ? pick(random, JUMPS) : pick(random, STEPS));
}

const RULES = [
  "keepLast",
  "keepHourly",
  "keepDaily",
  "keepWeekly",
  "keepMonthly",
  "keepYearly",
] as const;

export function drawPolicy(random: Random): RetentionPolicy {
  const policy: { -readonly [rule in keyof RetentionPolicy]: RetentionPolicy[rule] } = {};
  for (const rule of RULES) if (chance(random, 25)) policy[rule] = random.int(6);
  if (chance(random, 25)) policy.keepWithinSeconds = (pick(random, STEPS) / 1000) * 2;
  if (chance(random, 20)) policy.keepLabels = [pick(random, LABELS)];
  if (chance(random, 60)) policy.timeZone = pick(random, ZONES);
  const { timeZone: _, keepLabels = [], ...counts } = policy;
  const keepsNothing = keepLabels.length === 0 && Object.values(counts).every((n) => !n);
  return keepsNothing ? { ...policy, keepLast: 1 + random.int(4) } : policy;
}
