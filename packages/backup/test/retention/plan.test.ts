// What each rule keeps, what keeps a chain, a set, a damaged backup, and in which order the steps stand.
import { describe, expect, it } from "vitest";
import { type BackupInfo, planRetention, type RetentionPolicy } from "../../src/index.js";
import type { RetentionContext } from "../../src/retention/context.js";
import {
  fullsAt,
  historyOf,
  keptBy,
  reasonsOf,
  removedBy,
  stepsOf,
  type Taken,
} from "../support/history.js";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const DAY = 86_400;

const plan = (
  backups: readonly BackupInfo[],
  policy: RetentionPolicy,
  context: Partial<RetentionContext> = {},
) => planRetention(backups, policy, { now: NOW, ...context });

const day = (number: number): string => new Date(NOW - number * DAY * 1000).toISOString();

describe("a rule › keeps", () => {
  it("the newest so many, by their order and not by their times", () => {
    const backups = fullsAt("2026-11-22T03:00Z", "2026-11-20T03:00Z", "2026-11-21T03:00Z");
    const made = plan(backups, { keepLast: 2 });
    expect(removedBy(made)).toEqual(["2026-11-22T03:00Z"]);
    expect(reasonsOf(made, "2026-11-21T03:00Z")).toEqual(["last 1 of 2", "the last good backup"]);
    expect(reasonsOf(made, "2026-11-20T03:00Z")).toEqual(["last 2 of 2"]);
    expect(reasonsOf(made, "2026-11-22T03:00Z")).toEqual(["no rule keeps it"]);
  });

  it.each<[RetentionPolicy, string[]]>([
    [{ keepHourly: 3 }, ["2026-11-20T09:00Z", "2026-11-21T09:00Z", "2026-11-21T10:30Z"]],
    [{ keepDaily: 2 }, ["2026-11-20T09:00Z", "2026-11-21T10:30Z"]],
    [{ keepWeekly: 2 }, ["2026-11-15T09:00Z", "2026-11-21T10:30Z"]],
    [{ keepMonthly: 2 }, ["2026-10-31T09:00Z", "2026-11-21T10:30Z"]],
    [{ keepYearly: 9 }, ["2025-12-31T09:00Z", "2026-11-21T10:30Z"]],
    [{ keepWithinSeconds: DAY }, ["2026-11-21T09:00Z", "2026-11-21T10:10Z", "2026-11-21T10:30Z"]],
    [{ keepDaily: 1, keepYearly: 2 }, ["2025-12-31T09:00Z", "2026-11-21T10:30Z"]],
  ])("%j: the newest of each period that has one", (policy, kept) => {
    const backups = fullsAt(
      "2025-12-30T09:00Z",
      "2025-12-31T09:00Z",
      "2026-10-30T09:00Z",
      "2026-10-31T09:00Z",
      "2026-11-15T09:00Z",
      "2026-11-20T09:00Z",
      "2026-11-21T09:00Z",
      "2026-11-21T10:10Z",
      "2026-11-21T10:30Z",
    );
    expect(keptBy(plan(backups, policy))).toEqual(kept);
  });

  it("all that have a label", () => {
    const backups = historyOf([
      { id: "a", at: day(3), label: "release" },
      { id: "b", at: day(2), label: "other" },
      { id: "c", at: day(1) },
    ]);
    const made = plan(backups, { keepLabels: ["release"] });
    expect(keptBy(made)).toEqual(["a", "c"]);
    expect(reasonsOf(made, "a")).toEqual(['label "release"']);
  });

  it("says all that keep a backup", () => {
    const made = plan(
      fullsAt("2026-11-22T09:00Z"),
      { keepLast: 7, keepHourly: 1, keepDaily: 1, keepWeekly: 1, keepWithinSeconds: 30 * DAY },
      { pinned: new Map([["2026-11-22T09:00Z", "for the audit"]]) },
    );
    expect(reasonsOf(made, "2026-11-22T09:00Z")).toEqual([
      "last 1 of 7",
      "hourly 2026-11-22T09:00Z",
      "daily 2026-11-22",
      "weekly 2026-W47",
      "within 30d",
      "the last good backup",
      "pinned: for the audit",
    ]);
  });

  it("of each namespace by itself", () => {
    const backups = historyOf([
      { id: "a1", at: day(9), namespace: "a" },
      { id: "a2", at: day(8), namespace: "a" },
      { id: "b1", at: day(1), namespace: "b" },
      { id: "b2", at: day(0), namespace: "b" },
    ]);
    expect(keptBy(plan(backups, { keepLast: 1 }))).toEqual(["a2", "b2"]);
    const only = plan(backups, { keepLast: 1 }, { only: { db: "db", namespace: "b" } });
    expect(only.decisions.map(({ backup }) => backup.backupId)).toEqual(["b1", "b2"]);
    expect(stepsOf(only)).toEqual(["remove b1"]);
    const ofDb = (db: string) => stepsOf(plan(backups, { keepLast: 1 }, { only: { db } }));
    expect(ofDb("db")).toEqual(["remove b1", "remove a1"]);
    expect(ofDb("other")).toEqual([]);
  });
});

describe("a clock › removes nothing by itself", () => {
  const days = Array.from({ length: 5 }, (_, i) => day(4 - i));

  it("that jumps ahead: spans count back from the newest backup", () => {
    const policy = { keepWithinSeconds: 10 * DAY, keepDaily: 5 };
    const later = { now: NOW + 4_000 * DAY * 1000 };
    expect(removedBy(plan(fullsAt(...days), policy, later))).toEqual([]);
  });

  it("a pause: after a year without a backup all stay", () => {
    const pause = { now: NOW + 365 * DAY * 1000 };
    for (const policy of [{ keepDaily: 5 }, { keepWeekly: 5 }, { keepWithinSeconds: 5 * DAY }]) {
      const made = plan(fullsAt(...days), policy, pause);
      expect(made).toEqual(plan(fullsAt(...days), policy));
    }
  });

  it("that stands still: backups of one instant are told apart by their order", () => {
    const backups = historyOf(["a", "b", "c"].map((id) => ({ id, at: NOW })));
    expect(keptBy(plan(backups, { keepWithinSeconds: 1 }))).toEqual(["a", "b", "c"]);
    expect(keptBy(plan(backups, { keepLast: 2 }))).toEqual(["b", "c"]);
    expect(keptBy(plan(backups, { keepDaily: 2 }))).toEqual(["c"]);
  });

  it("that was ahead for one backup: it takes no other's place", () => {
    const backups = fullsAt(...days.slice(0, 3), "2030-01-01T00:00Z", ...days.slice(3));
    const made = plan(backups, { keepDaily: 5, keepWithinSeconds: 5 * DAY });
    expect(removedBy(made)).toEqual([]);
    expect(reasonsOf(made, "2030-01-01T00:00Z")).toEqual([
      "daily 2030-01-01, ahead of the clock",
      "within 5d",
    ]);
  });

  it("that fell back to 1970: nothing of before goes", () => {
    const backups = fullsAt(...days, "1970-01-01T00:00Z");
    const fallen = { now: 60_000 };
    expect(removedBy(plan(backups, { keepDaily: 2 }, fallen))).toEqual([]);
    expect(removedBy(plan(backups, { keepWithinSeconds: DAY }, fallen))).toEqual([]);
    expect(removedBy(plan(backups, { keepDaily: 5 }))).toEqual([]);
  });

  it("that goes through an hour twice: each has its backup", () => {
    const hours = fullsAt("2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z");
    const policy = { keepHourly: 3, timeZone: "Europe/Berlin" };
    expect(removedBy(plan(hours, policy))).toEqual([]);
  });

  it("a time zone says where a day begins", () => {
    const backups = fullsAt("2026-11-20T22:30Z", "2026-11-20T23:30Z");
    expect(removedBy(plan(backups, { keepDaily: 2 }))).toEqual(["2026-11-20T22:30Z"]);
    const berlin = { keepDaily: 2, timeZone: "Europe/Berlin" };
    expect(removedBy(plan(backups, berlin))).toEqual([]);
  });
});

/** full ← one ← two ← three, and on "one" the branch "side". */
const chain: readonly Taken[] = [
  { id: "full", at: day(5), size: 100 },
  { id: "one", at: day(4), parent: "full", size: 10 },
  { id: "two", at: day(3), parent: "one", size: 20 },
  { id: "side", at: day(2), parent: "one", size: 30 },
  { id: "three", at: day(1), parent: "two", size: 40 },
];

describe("a chain › is never broken", () => {
  it("what a kept backup is laid over stays, and says for whom", () => {
    const made = plan(historyOf(chain), { keepLast: 1 });
    expect(keptBy(made)).toEqual(["full", "one", "two", "three"]);
    expect(reasonsOf(made, "full")).toEqual(["needed by three"]);
    expect(reasonsOf(made, "two")).toEqual(["needed by three"]);
    expect(stepsOf(made)).toEqual(["remove side"]);
    expect(made.removedBytes).toBe(30);
  });

  it("two branches need what they share", () => {
    const made = plan(historyOf(chain), { keepLast: 2 });
    expect(reasonsOf(made, "one")).toEqual(["needed by side", "needed by three"]);
    expect(reasonsOf(made, "full")).toEqual(["needed by side"]);
    expect(stepsOf(made)).toEqual([]);
  });

  it("consolidated: what stays is merged with what goes, parents first; then children go before parents", () => {
    const made = plan(historyOf(chain), { keepLast: 2 }, { consolidate: true });
    expect(stepsOf(made)).toEqual([
      "consolidate side onto nothing",
      "consolidate three onto nothing",
      "remove two",
      "remove one",
      "remove full",
    ]);
    expect(made.removedBytes).toBe(130);
  });

  it("consolidated: onto the nearest that stays for its own sake", () => {
    const pinned = new Map([["one", null]]);
    const made = plan(historyOf(chain), { keepLast: 1 }, { consolidate: true, pinned });
    expect(stepsOf(made)).toEqual([
      "consolidate one onto nothing",
      "consolidate three onto one",
      "remove side",
      "remove two",
      "remove full",
    ]);
    expect(reasonsOf(made, "one")).toEqual(["pinned"]);
  });

  it("children go before parents also where their order says otherwise", () => {
    const reversed = historyOf(chain).map((info) => ({ ...info, sequence: 9 - info.sequence }));
    const made = plan([...reversed, ...fullsAt(day(0)).map((one) => ({ ...one, sequence: 99 }))], {
      keepLast: 1,
    });
    const position = (id: string) => stepsOf(made).indexOf(`remove ${id}`);
    for (const { id, parent } of chain)
      if (parent !== undefined) expect(position(id)).toBeLessThan(position(parent));
    expect(made.steps).toHaveLength(chain.length);
  });

  it("consolidated: nothing to merge where the parent stays", () => {
    const made = plan(historyOf(chain), { keepLast: 5 }, { consolidate: true });
    expect(stepsOf(made)).toEqual([]);
  });

  it("what others need stays, and is merged like any other", () => {
    const needed = new Map([["two", "the archive"]]);
    const made = plan(historyOf(chain), { keepLast: 1 }, { needed, consolidate: true });
    expect(reasonsOf(made, "two")).toEqual(["needed by the archive"]);
    expect(stepsOf(made)).toEqual([
      "consolidate two onto nothing",
      "remove side",
      "remove one",
      "remove full",
    ]);
  });
});

describe("damage", () => {
  it("takes no good backup's place, and stays as long as it would undamaged", () => {
    const backups = historyOf(["a", "b", "c", "d", "e"].map((id, i) => ({ id, at: day(9 - i) })));
    const made = plan(backups, { keepLast: 2 }, { damaged: new Set(["a", "d"]) });
    expect(keptBy(made)).toEqual(["c", "d", "e"]);
    expect(made.decisions.map(({ isGood }) => isGood)).toEqual([false, true, true, false, true]);
  });

  it("of a parent is damage of what is laid over it, which is never merged", () => {
    const made = plan(
      historyOf(chain),
      { keepLast: 1 },
      { damaged: new Set(["two"]), consolidate: true },
    );
    expect(reasonsOf(made, "three")).toEqual(["last 1 of 1"]);
    expect(reasonsOf(made, "side")).toEqual(["last 1 of 1", "the last good backup"]);
    expect(reasonsOf(made, "two")).toEqual(["needed by three"]);
    expect(stepsOf(made)).toEqual([]);
  });

  it("the last good backup never goes", () => {
    const backups = fullsAt(day(30), day(2), day(1));
    const made = plan(
      backups,
      { keepWithinSeconds: 1, keepLabels: ["x"] },
      { damaged: new Set([day(1), day(2)]) },
    );
    expect(reasonsOf(made, day(30))).toContain("the last good backup");
    expect(keptBy(made)).toEqual([day(30), day(1)]);
  });

  it("where no good one is left nothing goes", () => {
    const backups = fullsAt(day(30), day(2), day(1));
    const damaged = new Set(backups.map(({ backupId }) => backupId));
    const made = plan(backups, { keepLast: 1 }, { damaged });
    expect(stepsOf(made)).toEqual([]);
    expect(reasonsOf(made, day(30))).toEqual(["no good backup of db/a is left"]);
    expect(made.decisions.every(({ isHeld }) => isHeld)).toBe(true);
  });

  it("a parent that is not there is damage, too", () => {
    const backups = historyOf(chain).filter(({ backupId }) => backupId !== "one");
    const made = plan(backups, { keepLast: 1 }, { consolidate: true });
    expect(reasonsOf(made, "full")).toEqual(["last 1 of 1", "the last good backup"]);
    expect(removedBy(made)).toEqual(["side"]);
  });

  it("a circle of parents ends", () => {
    const [a, b] = historyOf([
      { id: "a", at: day(2), parent: "b" },
      { id: "b", at: day(1), parent: "a" },
    ]) as [BackupInfo, BackupInfo];
    const made = plan([a, b, ...fullsAt(day(0)).map((one) => ({ ...one, sequence: 3 }))], {
      keepLast: 1,
    });
    expect(keptBy(made)).toEqual([day(0)]);
  });
});

describe("a hold", () => {
  it("keeps what would go, and says so", () => {
    const held = new Map([[day(3), "the newest backup is empty"]]);
    const made = plan(fullsAt(day(4), day(3), day(2)), { keepLast: 1 }, { held });
    expect(reasonsOf(made, day(3))).toEqual(["held: the newest backup is empty"]);
    expect(made.decisions.map(({ isHeld }) => isHeld)).toEqual([false, true, false]);
    expect(removedBy(made)).toEqual([day(4)]);
  });

  it("holds what it is laid over as well, and nothing that stays anyway", () => {
    const held = new Map([
      ["side", "x"],
      ["three", "x"],
    ]);
    const made = plan(historyOf(chain), { keepLast: 1 }, { held });
    const isHeld = made.decisions.filter((one) => one.isHeld).map(({ backup }) => backup.backupId);
    expect(isHeld).toEqual(["side"]);
  });
});

describe("a set", () => {
  const set = (label: string, days: number, setSize = 2): Taken[] => [
    { id: `${label}.a`, at: day(days), label, setSize, namespace: "a" },
    { id: `${label}.b`, at: day(days), label, setSize, namespace: "b" },
  ];

  it("stays as a whole when one of it stays", () => {
    const backups = historyOf([
      ...set("old", 3),
      ...set("new", 2),
      { id: "single", at: day(1), namespace: "a" },
    ]);
    const made = plan(backups, { keepLast: 1 });
    expect(keptBy(made)).toEqual(["new.a", "new.b", "single"]);
    expect(reasonsOf(made, "new.a")).toEqual(['of the set "new", with new.b']);
  });

  it("one that is not whole is no set any more", () => {
    const backups = historyOf([
      ...set("old", 3, 3),
      ...set("new", 2, 3),
      { id: "single", at: day(1), namespace: "a" },
    ]);
    expect(keptBy(plan(backups, { keepLast: 1 }))).toEqual(["new.b", "single"]);
  });

  it("stays when not all of its namespaces are judged", () => {
    const backups = historyOf([...set("old", 3), ...set("new", 2), ...set("newest", 1)]);
    const made = plan(backups, { keepLast: 1 }, { only: { db: "db", namespace: "a" } });
    expect(stepsOf(made)).toEqual([]);
    expect(reasonsOf(made, "old.a")).toEqual(['of the set "old", with old.b']);
    expect(removedBy(plan(backups, { keepLast: 1 }))).toEqual(["old.a", "old.b", "new.a", "new.b"]);
  });

  it("that only lies in a kept one's chain keeps nobody", () => {
    const backups = historyOf([
      ...set("old", 3),
      { id: "next", at: day(2), parent: "old.a", namespace: "a" },
      { id: "other", at: day(1), namespace: "b" },
    ]);
    const made = plan(backups, { keepLast: 1 });
    expect(reasonsOf(made, "old.a")).toEqual(["needed by next"]);
    expect(removedBy(made)).toEqual(["old.b"]);
  });
});

describe("a plan", () => {
  it("is the same for the same input, in whatever order the backups come", () => {
    const backups = historyOf(chain);
    const context = { consolidate: true, pinned: new Map([["one", null]]) };
    const policy = { keepLast: 1, keepDaily: 2 };
    expect(plan([...backups].reverse(), policy, context)).toEqual(plan(backups, policy, context));
  });

  it("of no backups is empty", () => {
    expect(plan([], { keepLast: 1 })).toMatchObject({ decisions: [], steps: [] });
  });

  it("of an empty policy is refused", () => {
    expect(() => plan(historyOf(chain), {})).toThrow(
      expect.objectContaining({ code: "NADB_INVALID_ARGUMENT" }),
    );
  });

  it("says for each removal on which backup it relies", () => {
    const made = plan(fullsAt(day(3), day(2)), { keepLast: 1 });
    expect(made.steps).toEqual([{ type: "remove", backupId: day(3), relyingOn: day(2) }]);
  });
});
