// The pure parts: names, what segments cover, the order of points, gaps, policies, what compaction plans.
import { describe, expect, it } from "vitest";
import { planCompaction } from "../../src/archive/compaction-plan.js";
import { byEnd, coverOf, type Range, reaches } from "../../src/archive/coverage.js";
import {
  namedSegment,
  parseSegment,
  type Segment,
  segmentOfFile,
} from "../../src/archive/names.js";
import { basesNeeded } from "../../src/archive/needs.js";
import { gapAt, pointAt, summarize } from "../../src/archive/points.js";
import { explainPolicy, parsePolicy, promisedPoints } from "../../src/archive/policy.js";
import { planPoint, type Timeline, timelineOf } from "../../src/archive/timeline.js";
import type { BackupInfo } from "../../src/index.js";
import { refuses } from "../support/fails.js";
import { sample } from "../support/manifest.js";
import { SEED, seeded } from "../support/random.js";

const T0 = 1_800_000_000_000;

const segment = (from: number, to: number, second = to, generation = "g"): Segment =>
  namedSegment({ generation, from, to, time: T0 + second * 1000, unwatchedMs: 1_000 });

const backup = (version: number, changed: Partial<BackupInfo> = {}): BackupInfo => ({
  ...sample,
  backupId: `b${version}`,
  sequence: version,
  timestamp: new Date(T0 + version * 1000).toISOString(),
  generation: "g",
  toVersion: version,
  ...changed,
});

const namesOf = ({ points }: Timeline): string[] =>
  points.map(({ kind, version }) => `${kind[0]}${version}`);

describe("segment names ›", () => {
  it("say all that planning needs, and are read back", () => {
    const one = segment(7, 1_234, 5);
    expect(one.name).toBe("0000000000000007-0000000000001234-1800000005000-1000");
    expect(parseSegment("g", one.name)).toEqual(one);
    expect(segmentOfFile("g", `${one.name}.nadb`)).toEqual(one);
    expect(segmentOfFile("g", `${one.name}.json`)).toEqual(one);
  });

  it("sort by version, up to the largest there can be", () => {
    const { name } = segment(9, Number.MAX_SAFE_INTEGER, 1);
    expect(name > segment(9, 10).name).toBe(true);
    expect(parseSegment("g", name)?.to).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    "lease-000001.json",
    "archive.json",
    "1-2-1800000005000-0.json",
    "0000000000000007-0000000000000007-1800000005000-0.json",
    "0000000000000008-0000000000000007-1800000005000-0.json",
    "0000000000000007-0000000000000009-1800000005000-01.json",
    "0000000000000007-0000000000000009-1800000005000-1.nadb.json",
    "0000000000000007-0000000000000009-1800000005000-1",
  ])("%s is none", (file) => {
    expect(segmentOfFile("g", file)).toBeUndefined();
  });
});

describe("coverage ›", () => {
  it("agrees with walking every version, for random ranges", { timeout: 120_000 }, () => {
    const random = seeded(SEED);
    for (let round = 0; round < 400; round++) {
      const ranges = Array.from({ length: random.int(9) }, (): Range => {
        const from = random.int(14);
        return { from, to: from + 1 + random.int(5) };
      }).sort(byEnd);
      const reached = reaches(ranges);
      for (const [i, { to }] of ranges.entries()) {
        const isLast = ranges[i + 1]?.to !== to;
        for (let from = 0; isLast && from <= to; from++) {
          const usable = ranges.filter((one) => one.to <= to);
          const isCovered = Array.from({ length: to - from }, (_, k) => from + k + 1).every((v) =>
            usable.some((one) => one.from < v && v <= one.to),
          );
          const cover = coverOf(ranges, { from, to });
          expect(cover !== undefined).toBe(isCovered);
          expect(from >= (reached[i] as number)).toBe(isCovered);
          if (cover && from < to) expect(cover.at(-1)?.to).toBe(to);
        }
      }
    }
  });
});

describe("the timeline ›", () => {
  it("orders by version, not by time, and never lets the effective time fall", () => {
    const timeline = timelineOf(
      [backup(5)],
      [segment(5, 8, 20), segment(8, 9, 3), segment(9, 12, 21)],
    );
    expect(namesOf(timeline)).toEqual(["b5", "s8", "s9", "s12"]);
    expect(timeline.points.map((one) => (one.effectiveTime - T0) / 1000)).toEqual([5, 20, 20, 21]);
    expect(pointAt(timeline, T0 + 19_999).version).toBe(5);
    expect(pointAt(timeline, T0 + 20_000).version).toBe(9);
  });

  it("orders generations by the first backup of each, whatever their versions and times", () => {
    const timeline = timelineOf(
      [
        backup(90, { sequence: 1, generation: "z" }),
        backup(2, { sequence: 2, generation: "a" }),
        backup(95, { sequence: 3, generation: "z" }),
      ],
      [segment(90, 93, 93, "z"), segment(2, 4, 4, "a")],
    );
    expect(namesOf(timeline)).toEqual(["b90", "s93", "b95", "b2", "s4"]);
  });

  it("has no point where no base leads to: before a base, behind a hole, of an unknown generation", () => {
    const timeline = timelineOf(
      [backup(5)],
      [segment(1, 3), segment(3, 5), segment(7, 9), segment(5, 6), segment(1, 2, 2, "other")],
    );
    expect(namesOf(timeline)).toEqual(["b5", "s5", "s6"]);
    expect(timeline.generations[0]?.lost.map(({ to }) => to)).toEqual([3, 9]);
    expect(timeline.orphans).toHaveLength(1);
  });

  it("takes an incremental as a base only with its whole chain", () => {
    const child = backup(7, { backupType: "incremental", parentBackupId: "b5" });
    const later = [segment(7, 9)];
    expect(namesOf(timelineOf([backup(5), child], later))).toEqual(["b5", "b7", "s9"]);
    expect(namesOf(timelineOf([child], later))).toEqual([]);
    const loop = { ...child, parentBackupId: "b7" };
    expect(namesOf(timelineOf([loop], later))).toEqual([]);
  });

  it("plans a point from the newest base that leads there, with the fewest segments", () => {
    const segments = [segment(1, 4), segment(4, 6), segment(6, 8), segment(8, 11), segment(4, 8)];
    const timeline = timelineOf([backup(1), backup(5)], segments);
    const plan = planPoint(timeline, pointAt(timeline, T0 + 11_000));
    expect(plan.base.backupId).toBe("b5");
    expect(plan.segments.map(({ from, to }) => [from, to])).toEqual([
      [4, 8],
      [8, 11],
    ]);
  });

  it("refuses a time before the first point, naming the nearest ones", async () => {
    const timeline = timelineOf([backup(5)], [segment(5, 9)]);
    const early = () => pointAt(timeline, T0 + 4_999);
    await refuses("NADB_NOT_FOUND", early, "2027-01-15T08:00:04.999Z", "2027-01-15T08:00:05.000Z");
    await refuses("NADB_NOT_FOUND", () => pointAt(timelineOf([], []), T0), "no point");
  });
});

describe("gaps ›", () => {
  const gapsOf = (timeline: Timeline) => summarize(timeline, () => 5_000);

  it("none between points that follow each other, backups among them", () => {
    const timeline = timelineOf([backup(1), backup(5)], [segment(1, 4), segment(4, 6)]);
    expect(gapsOf(timeline)).toMatchObject({ gaps: [], stretches: [{ count: 4 }] });
  });

  it("a missing segment, a replaced content, a time that nobody looked; each with its neighbours", () => {
    const unwatched = namedSegment({
      generation: "g",
      from: 9,
      to: 10,
      time: T0 + 10_000,
      unwatchedMs: 6_000,
    });
    const timeline = timelineOf(
      [
        backup(1),
        backup(8),
        backup(2, {
          backupId: "n",
          sequence: 9,
          generation: "n",
          timestamp: new Date(T0 + 60_000).toISOString(),
        }),
      ],
      [segment(1, 4), segment(6, 7), segment(8, 9), unwatched],
    );
    const points = gapsOf(timeline);
    expect(
      points.gaps.map(({ reason, after, before }) => [reason, after.version, before.version]),
    ).toEqual([
      ["missing", 4, 8],
      ["unwatched", 9, 10],
      ["replaced", 10, 2],
    ]);
    expect(points.lost).toBe(1);
    expect(gapAt(points, T0 + 6_000)?.reason).toBe("missing");
    expect(gapAt(points, T0 + 8_500)).toBeUndefined();
  });
});

describe("policies ›", () => {
  const seconds = (text: string) => Number(text);

  it("are read from text and explained", () => {
    const policy = parsePolicy("1:3600, 60:86400,86400:7776000", seconds);
    expect(explainPolicy(policy)).toEqual([
      "the state at every full second can be restored for 1 hour",
      "the state at every full minute can be restored for 1 day",
      "the state at every full day can be restored for 90 days",
      "older than 90 days: only what backups hold",
    ]);
    expect(explainPolicy(null)).toEqual(["every cut is kept for ever"]);
  });

  it.each(["", "1", "1:2:3", "a:b", "1:60,"])("%j is none", async (text) => {
    await refuses("NADB_INVALID_ARGUMENT", () => parsePolicy(text, seconds));
  });
});

describe("compaction ›", () => {
  const policy = [
    { everySeconds: 1, forSeconds: 10 },
    { everySeconds: 10, forSeconds: 40 },
  ];
  const everySecond = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => segment(from + i, from + i + 1));
  const merges = (timeline: Timeline, now: number) =>
    planCompaction(timeline, policy, T0 + now * 1000).merges.map((group) => [
      group[0]?.from,
      group.at(-1)?.to,
    ]);

  it("merges a step of a level once all of it is older than the finer level keeps", () => {
    const timeline = timelineOf([backup(1)], everySecond(1, 36));
    expect(merges(timeline, 36)).toEqual([
      [1, 10],
      [10, 20],
    ]);
  });

  it("goes by the newest point when the clock runs ahead", () => {
    const timeline = timelineOf([backup(1)], everySecond(1, 36));
    expect(planCompaction(timeline, policy, T0 + 1e12)).toEqual(
      planCompaction(timeline, policy, T0 + 36_000),
    );
  });

  it("removes what a merged segment holds, the newest first, and nothing that leads to a promised point", () => {
    const all = [segment(1, 10), ...everySecond(1, 36)];
    const { removals, merges } = planCompaction(timelineOf([backup(1)], all), policy, T0 + 36_000);
    expect(removals.map(({ to }) => to)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2]);
    expect(merges).toHaveLength(1);
  });

  it("does not merge over a hole, nor over a backup's generation", () => {
    const holed = everySecond(1, 36).filter(({ to }) => to !== 6);
    expect(merges(timelineOf([backup(1), backup(6)], holed), 36)).toEqual([
      [1, 5],
      [6, 10],
      [10, 20],
    ]);
  });

  it("lets go what is older than the last level, behind a base, and makes one when there is none", () => {
    const timeline = timelineOf([backup(1)], everySecond(1, 80));
    const plan = planCompaction(timeline, policy, T0 + 80_000);
    expect(plan.removals).toEqual([]);
    expect(plan.rebase).toMatchObject({ version: 40 });
    const based = timelineOf([backup(1), backup(40)], everySecond(1, 80));
    const then = planCompaction(based, policy, T0 + 80_000);
    expect(then.rebase).toBeNull();
    expect(then.removals.map(({ to }) => to)).toEqual(Array.from({ length: 39 }, (_, i) => 40 - i));
  });

  it("needs the base of each stretch, and the oldest point that has become a backup", () => {
    const stretch = everySecond(30, 50);
    const ids = (backups: BackupInfo[], segments: Segment[]) => [
      ...basesNeeded(timelineOf(backups, segments), policy, T0 + 80_000).keys(),
    ];
    expect(ids([backup(10), backup(30), backup(45)], stretch)).toEqual(["b10", "b30"]);
    expect(ids([backup(30), backup(60)], [...stretch, ...everySecond(60, 80)])).toEqual([
      "b30",
      "b60",
    ]);
    expect(ids([backup(10), backup(40), backup(60)], everySecond(60, 80))).toEqual(["b40", "b60"]);
  });
});

describe("many ›", () => {
  const chain = (length: number): BackupInfo[] =>
    Array.from({ length }, (_, i) =>
      backup(i + 1, i === 0 ? {} : { backupType: "incremental", parentBackupId: `b${i}` }),
    );

  it("a chain of 20,000 backups is whole, and without its first one none of it is", () => {
    const all = chain(20_000);
    expect(timelineOf(all, []).points).toHaveLength(20_000);
    expect(timelineOf(all.slice(1), []).points).toEqual([]);
  });

  it("each generation has its own, in whatever order they come", () => {
    const generations = ["x", "y", "z"];
    const bases = generations.map((generation, i) =>
      backup(1, { backupId: `b-${generation}`, generation, sequence: i + 1 }),
    );
    const segments = [3, 2, 1].flatMap((from) =>
      [...generations, "nobody's"].map((generation) => segment(from, from + 1, from, generation)),
    );
    const timeline = timelineOf(bases, segments);
    expect(timeline.generations.map((one) => one.segments.length)).toEqual([3, 3, 3]);
    expect(timeline.orphans).toHaveLength(3);
  });

  it("what compaction takes for redundant is what walking all pairs tells, for random segments", () => {
    const random = seeded(SEED);
    let found = 0;
    for (let round = 0; round < 400; round++) {
      const segments = Array.from({ length: 1 + random.int(12) }, () => {
        const from = 1 + random.int(20);
        return segment(from, from + 1 + random.int(8), random.int(60));
      });
      const unique = [...new Map(segments.map((one) => [one.name, one])).values()];
      const policy = [{ everySeconds: 5, forSeconds: 1_000 }]; // so that nothing is too old
      const timeline = timelineOf([backup(1)], unique);
      const now = T0 + 60_000;
      const promised = new Set(promisedPoints(timeline, policy, now).map(({ id }) => id));
      const sorted = timeline.generations[0]?.segments ?? [];
      const ends = new Set(sorted.filter(({ name }) => promised.has(name)).map(({ to }) => to));
      const expected = sorted.filter((one, i) => isRedundant(sorted, one, i, (to) => ends.has(to)));
      const { removals } = planCompaction(timeline, policy, now);
      expect(removals.map(({ name }) => name).sort()).toEqual(
        expected.map(({ name }) => name).sort(),
      );
      found += expected.length;
    }
    expect(found).toBeGreaterThan(100);
  });

  /** As it is written down: a wider one ends later, and no promised point lies between the ends. */
  function isRedundant(
    sorted: readonly Segment[],
    one: Segment,
    at: number,
    isPromised: (to: number) => boolean,
  ): boolean {
    if (sorted[at - 1]?.to === one.to) return true;
    if (isPromised(one.to)) return false;
    for (const other of sorted.slice(at + 1)) {
      if (other.to > one.to && other.from <= one.from) return true;
      if (isPromised(other.to)) return false;
    }
    return false;
  }

  it("the bases needed are as few as choosing from all of them for each segment gives", () => {
    const random = seeded(SEED);
    for (let round = 0; round < 400; round++) {
      const bases = Array.from({ length: 1 + random.int(6) }, (_, i) =>
        backup(1 + random.int(20), { backupId: `b${i}`, sequence: i + 1 }),
      );
      const segments = Array.from({ length: random.int(12) }, () => {
        const from = 1 + random.int(20);
        return segment(from, from + 1 + random.int(4), from);
      });
      const timeline = timelineOf(bases, segments);
      const needed = new Set<string>();
      for (const { bases, segments } of timeline.generations) {
        for (const { to, reach } of segments) {
          const fit = bases.filter(({ toVersion }) => reach <= toVersion && toVersion <= to);
          const last = fit.at(-1);
          if (last && !fit.some(({ backupId }) => needed.has(backupId))) needed.add(last.backupId);
        }
      }
      expect([...basesNeeded(timeline, null, T0).keys()]).toEqual([...needed]);
    }
  });
});
