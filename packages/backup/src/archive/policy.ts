// What an archive promises: levels, each of which keeps the state at every full step for a time. Pure. INVARIANT: with time
// a promise only ends, none begins; so what no level promises now none will promise later.
import { invalidArgument, quote } from "@nadb/core";
import type { Timeline, TimelinePoint } from "./timeline.js";
import { inWords, stateAtEvery } from "./words.js";

/** The state at every full `everySeconds` (of UTC) can be restored until it is `forSeconds` old. */
export interface Level {
  readonly everySeconds: number;
  readonly forSeconds: number;
}

/** The finest first. Each step is a whole multiple of the one before, each time longer. */
export type ArchivePolicy = readonly Level[];

/** Throws NADB_INVALID_ARGUMENT. */
export function checkPolicy(policy: ArchivePolicy): void {
  if (!Array.isArray(policy) || policy.length === 0) {
    throw invalidArgument("the policy of the archive is empty", "without one everything is kept");
  }
  for (const [i, level] of policy.entries()) {
    checkLevel(level);
    const finer = policy[i - 1];
    if (finer !== undefined) checkOrder(finer, level);
  }
}

function checkLevel({ everySeconds, forSeconds }: Level): void {
  for (const seconds of [everySeconds, forSeconds]) {
    if (Number.isSafeInteger(seconds) && seconds > 0) continue;
    throw invalidArgument(`${String(seconds)} is no whole number of seconds above 0`);
  }
  if (forSeconds >= everySeconds) return;
  throw invalidArgument(
    `every ${inWords(everySeconds)} for ${inWords(forSeconds)} promises nothing`,
    "keep a level for at least one of its steps",
  );
}

function checkOrder(finer: Level, coarser: Level): void {
  if (
    coarser.everySeconds > finer.everySeconds &&
    coarser.everySeconds % finer.everySeconds === 0
  ) {
    if (coarser.forSeconds > finer.forSeconds) return;
    throw invalidArgument(
      `every ${inWords(coarser.everySeconds)} is kept no longer than every ${inWords(finer.everySeconds)}`,
      "keep a coarser level for longer",
    );
  }
  throw invalidArgument(
    `every ${inWords(coarser.everySeconds)} is no whole multiple of every ${inWords(finer.everySeconds)}`,
    "name the finest level first, such as every second, every minute, every day",
  );
}

/**
 * The promise in words, a line for each level. Throws NADB_INVALID_ARGUMENT, also for one that can not be held by looking every
 * `everySeconds`, when that is named.
 */
export function explainPolicy(
  policy: ArchivePolicy | null,
  everySeconds?: number,
): readonly string[] {
  if (everySeconds !== undefined) checkEverySeconds(everySeconds);
  if (policy === null) return ["every cut is kept for ever"];
  checkPolicy(policy);
  if (everySeconds !== undefined) checkPace(policy, everySeconds);
  const lines = policy.map(
    ({ everySeconds, forSeconds }) =>
      `${stateAtEvery(everySeconds)} can be restored for ${inWords(forSeconds)}`,
  );
  const last = policy.at(-1) as Level;
  return [...lines, `older than ${inWords(last.forSeconds)}: only what backups hold`];
}

/** "1s:1h,1m:24h,1d:90d". Throws NADB_INVALID_ARGUMENT. */
export function parsePolicy(text: string, parseSeconds: (text: string) => number): ArchivePolicy {
  const policy = text.split(",").map((level): Level => {
    const [every, duration, ...more] = level.trim().split(":");
    if (every === undefined || duration === undefined || more.length > 0) {
      throw invalidArgument(
        `${quote(level)} is no level of a policy`,
        "write every:for, such as 1s:1h,1m:24h,1d:90d",
      );
    }
    return { everySeconds: parseSeconds(every), forSeconds: parseSeconds(duration) };
  });
  checkPolicy(policy);
  return policy;
}

/** How old a point is, told by the newest one: a clock that ran ahead or a long pause ends no promise. */
export const referenceTime = ({ points }: Timeline, now: number): number =>
  Math.min(now, points.at(-1)?.effectiveTime ?? now);

/** The first instant at or behind `time` that is a full step. */
export const stepAt = (time: number, { everySeconds }: Level): number =>
  Math.ceil(time / (everySeconds * 1000)) * everySeconds * 1000;

/** The points of segments that are promised: the newest at each full step of each level, and the newest of all. */
export function promisedPoints(
  timeline: Timeline,
  policy: ArchivePolicy | null,
  now: number,
): readonly TimelinePoint[] {
  const reference = referenceTime(timeline, now);
  const cuts = timeline.points.filter((point, i) => isCut(point, timeline.points[i - 1]));
  return cuts.filter((cut, i) => {
    if (cut.kind === "backup") return false;
    const next = cuts[i + 1];
    if (policy === null || next === undefined) return true;
    return policy.some((level) => {
      const step = stepAt(Math.max(cut.effectiveTime, reference - level.forSeconds * 1000), level);
      return step < next.effectiveTime && step <= reference;
    });
  });
}

/** The oldest point that any level promises; undefined when all that there is lies within the promise. */
export function oldestPromised(
  timeline: Timeline,
  policy: ArchivePolicy,
  now: number,
): TimelinePoint | undefined {
  const level = policy.at(-1) as Level;
  const oldest = stepAt(referenceTime(timeline, now) - level.forSeconds * 1000, level);
  return timeline.points.findLast(({ effectiveTime }) => effectiveTime <= oldest);
}

/** Segments, and the backup that begins a generation: before it the one before ends. */
const isCut = (point: TimelinePoint, previous: TimelinePoint | undefined): boolean =>
  point.kind === "segment" || point.generation !== previous?.generation;

const MOST_SECONDS = 86_400;

/** Throws NADB_INVALID_ARGUMENT. */
export function checkEverySeconds(seconds: unknown): void {
  if (typeof seconds === "number" && seconds > 0 && seconds <= MOST_SECONDS) return;
  throw invalidArgument(
    `everySeconds ${String(seconds)} is not a number above 0 and up to ${MOST_SECONDS}`,
  );
}

/** Throws NADB_INVALID_ARGUMENT for a policy with steps finer than it is looked. */
export function checkPace(policy: ArchivePolicy | null, everySeconds: number): void {
  const finest = policy?.[0]?.everySeconds ?? everySeconds;
  if (finest >= everySeconds) return;
  throw invalidArgument(
    `${stateAtEvery(finest)} can not be promised by looking every ${inWords(everySeconds)}`,
    "look as often as the finest level says, or promise less",
  );
}
