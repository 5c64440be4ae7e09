// Which due times come up on a clock that jumps, against an oracle that knows the time that has really passed.
import { describe, expect, test } from "vitest";
import { CronTimes } from "../../src/schedule/cron.js";
import { DueTimes } from "../../src/schedule/due.js";
import { SEED, seeded } from "../support/random.js";
import { DAY, HOUR, MINUTE } from "../support/scheduled.js";

const START = Date.parse("2026-03-27T03:04:05.678Z");
const ROUNDS = 300;
const LOOKS = 400;

interface Fired {
  readonly dueAt: number;
  /** Time that had really passed. */
  readonly at: number;
}

const noDelay = () => 0;
const daily = (now: number): DueTimes =>
  new DueTimes(new CronTimes("full", "0 3 * * *", "UTC", now), noDelay, now);
const at = (time: string): number => Date.parse(`2026-${time}:00Z`);

describe("a clock that jumps", () => {
  test("forward over many due times brings up one", () => {
    const due = daily(at("01-01T04:00"));
    expect(due.take(at("01-01T23:00"))).toBeUndefined();
    expect(due.take(at("01-09T12:00"))).toBe(at("01-09T03:00"));
    expect(due.take(at("01-09T12:01"))).toBeUndefined();
    expect(due.take(at("01-10T03:00"))).toBe(at("01-10T03:00"));
  });

  test("back by seconds does not bring up again what came up", () => {
    const due = daily(at("01-01T04:00"));
    expect(due.take(at("01-02T03:00"))).toBe(at("01-02T03:00"));
    expect(due.take(at("01-02T02:59"))).toBeUndefined();
    expect(due.take(at("01-02T03:00"))).toBeUndefined();
    expect(due.take(at("01-03T03:00"))).toBe(at("01-03T03:00"));
  });

  test("back by a day does not make a job wait for the clock to catch up", () => {
    const due = daily(at("01-08T04:00"));
    expect(due.take(at("01-09T03:00"))).toBe(at("01-09T03:00"));
    expect(due.take(at("01-08T03:01"))).toBeUndefined();
    expect(due.take(at("01-09T03:00"))).toBe(at("01-09T03:00"));
  });

  test("a year ahead and back again loses nothing", () => {
    const due = daily(at("01-08T04:00"));
    expect(due.take(at("12-31T04:00"))).toBe(at("12-31T03:00"));
    expect(due.take(at("01-08T05:00"))).toBeUndefined();
    expect(due.take(at("01-09T03:00"))).toBe(at("01-09T03:00"));
  });
});

describe("due times, whatever the clock does", () => {
  const random = seeded(SEED);
  const CRONS: readonly [string, number][] = [
    ["*/5 * * * *", 5 * MINUTE],
    ["17 * * * *", HOUR],
    ["0 */6 * * *", 6 * HOUR],
    ["30 2 * * *", DAY],
  ];
  const JUMPS = [0, 30_000, 5 * MINUTE, HOUR, 7 * HOUR, DAY, 3 * DAY];

  test.each(CRONS)("%s", { timeout: 120_000 }, (cron, gap) => {
    for (let round = 0; round < ROUNDS / CRONS.length; round++) checkJumps(cron, gap);
  });

  function checkJumps(cron: string, gap: number): void {
    let offset = 0;
    let elapsed = 0;
    const clock = () => START + offset + elapsed;
    const due = new DueTimes(new CronTimes("full", cron, "Europe/Berlin", START), noDelay, START);
    let last: Fired | undefined;
    let wasPutBack = 0;
    let jumpedAt = 0;
    for (let look = 0; look < LOOKS; look++) {
      elapsed += Math.min(gap / 10, Math.max(0, due.startsAt(clock()) - clock()));
      if (random.int(25) === 0) {
        const jump = (JUMPS[random.int(JUMPS.length)] as number) * (random.int(2) === 0 ? 1 : -1);
        offset += jump;
        if (jump !== 0) jumpedAt = elapsed;
        if (jump < 0) wasPutBack -= jump;
      }
      const dueAt = due.take(clock());
      if (dueAt === undefined) {
        const since = elapsed - Math.max(last?.at ?? 0, jumpedAt);
        // An hour more: the one that is left out in spring, or comes twice in autumn.
        expect(since, "it stalls").toBeLessThanOrEqual(1.5 * gap + HOUR);
        continue;
      }
      expect(dueAt).toBeLessThanOrEqual(clock());
      expect(clock() - dueAt, "an older one").toBeLessThan(gap + HOUR);
      if (last !== undefined && dueAt <= last.dueAt)
        expect(wasPutBack, "it comes up twice").toBeGreaterThan(gap / 2 - HOUR);
      last = { dueAt, at: elapsed };
      wasPutBack = 0;
    }
    expect(last).toBeDefined();
  }

  test.each(CRONS)(
    "%s on a clock that does not jump is each due time once",
    { timeout: 120_000 },
    (cron, gap) => {
      const times = new CronTimes("full", cron, "Europe/Berlin", START);
      const due = new DueTimes(times, noDelay, START);
      const expected = times.upcoming(START, 50);
      const found: number[] = [];
      for (let now = START; found.length < 50; now += 1 + random.int(Math.min(gap, HOUR) / 2)) {
        const dueAt = due.take(now);
        if (dueAt !== undefined) found.push(dueAt);
      }
      expect(found).toEqual(expected);
    },
  );
});
