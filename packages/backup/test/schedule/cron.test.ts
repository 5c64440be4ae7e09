// Due times: what is refused, and what becomes of an hour that is left out or comes twice.
import { describe, expect, test } from "vitest";
import { CronTimes } from "../../src/schedule/cron.js";
import { refuses } from "../support/fails.js";

const START = Date.parse("2026-01-02T03:04:05.678Z");
const cron = (expression: string, timeZone = "UTC") =>
  new CronTimes("full", expression, timeZone, START);
const after = (times: CronTimes, from: string, count: number): string[] =>
  times.upcoming(Date.parse(from), count).map((time) => new Date(time).toISOString());

describe("a schedule is refused at the start", () => {
  test.each([
    ["no expression", "every day"],
    ["three fields", "* * *"],
    ["a year", "0 0 1 1 * * 2030"],
    ["a minute that is none", "61 * * * *"],
    ["a single time", "2027-01-01T00:00:00"],
    ["nothing", ""],
  ])("%s", async (_, expression) => {
    await refuses("NADB_INVALID_ARGUMENT", () => cron(expression), "full");
  });

  test("an expression that is never due", async () => {
    await refuses("NADB_INVALID_ARGUMENT", () => cron("0 0 30 2 *"), "never due");
  });

  test("a time zone that is unknown", async () => {
    await refuses("NADB_INVALID_ARGUMENT", () => cron("0 0 * * *", "Mars/Olympus"), "Mars/Olympus");
  });
});

describe("due times", () => {
  test("are those after a time, and the last at or before it", () => {
    const times = cron("30 2 * * *");
    const due = Date.parse("2026-01-05T02:30:00Z");
    expect(times.next(due - 1)).toBe(due);
    expect(times.next(due)).toBe(due + 86_400_000);
    expect(times.previous(due)).toBe(due);
    expect(times.previous(due - 1)).toBe(due - 86_400_000);
    expect(times.previous(due + 999)).toBe(due);
  });

  test("go by the time zone, and come when an hour that is left out is over", () => {
    expect(after(cron("30 2 * * *", "Europe/Berlin"), "2026-03-28T00:00:00Z", 3)).toEqual([
      "2026-03-28T01:30:00.000Z",
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test("come once in an hour that comes twice", () => {
    expect(after(cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
  });

  test("of every half hour keep their distance when clocks change", () => {
    const times = cron("*/30 * * * *", "Europe/Berlin");
    for (const from of ["2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z"]) {
      const due = times.upcoming(Date.parse(from), 12);
      expect(due.map((time) => time - Date.parse(from))).toEqual(
        Array.from({ length: 12 }, (_, i) => (i + 1) * 1_800_000),
      );
    }
  });
});
