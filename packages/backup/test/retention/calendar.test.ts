// Which hour, day, week, month and year an instant is of.
import { describe, expect, it } from "vitest";
import { Calendar, type Period } from "../../src/retention/calendar.js";

const nameAt = (period: Period, time: string, zone?: string): string =>
  new Calendar(zone).nameOf(period, Date.parse(time));

describe("a calendar › names periods", () => {
  it.each<[Period, string]>([
    ["hourly", "2026-11-22T23:00Z"],
    ["daily", "2026-11-22"],
    ["weekly", "2026-W47"],
    ["monthly", "2026-11"],
    ["yearly", "2026"],
  ])("%s: %s", (period, name) => {
    expect(nameAt(period, "2026-11-22T23:59:59.999Z")).toBe(name);
  });

  it.each([
    ["2026-11-22T23:59:59.999Z", "2026-11-22", "2026-W47"], // a Sunday
    ["2026-11-23T00:00:00.000Z", "2026-11-23", "2026-W48"],
    ["2024-12-30T00:00:00Z", "2024-12-30", "2025-W01"],
    ["2027-01-03T12:00:00Z", "2027-01-03", "2026-W53"],
    ["2026-01-01T00:00:00Z", "2026-01-01", "2026-W01"],
    ["2023-01-01T00:00:00Z", "2023-01-01", "2022-W52"],
    ["1970-01-01T00:00:00Z", "1970-01-01", "1970-W01"],
    ["1969-12-28T23:59:59Z", "1969-12-28", "1969-W52"],
    ["1969-12-29T00:00:00Z", "1969-12-29", "1970-W01"],
  ])("%s is of the day %s and the ISO week %s", (time, day, week) => {
    expect(nameAt("daily", time)).toBe(day);
    expect(nameAt("weekly", time)).toBe(week);
  });
});

describe("a calendar › of a time zone", () => {
  it.each([
    ["2026-11-22T23:30:00Z", "Europe/Berlin", "2026-11-23", "2026-11-23T00:00+01:00"],
    ["2026-07-01T22:30:00Z", "Europe/Berlin", "2026-07-02", "2026-07-02T00:00+02:00"],
    ["2026-11-22T02:00:00Z", "America/New_York", "2026-11-21", "2026-11-21T21:00-05:00"],
    ["2026-11-22T18:29:59Z", "Asia/Kolkata", "2026-11-22", "2026-11-22T23:00+05:30"],
    ["2026-11-22T18:30:00Z", "Asia/Kolkata", "2026-11-23", "2026-11-23T00:00+05:30"],
    ["2026-11-22T23:30:00Z", "UTC", "2026-11-22", "2026-11-22T23:00Z"],
  ])("%s in %s is of %s", (time, zone, day, hour) => {
    expect(nameAt("daily", time, zone)).toBe(day);
    expect(nameAt("hourly", time, zone)).toBe(hour);
  });

  it("an hour that clocks go through twice is two hours of one day", () => {
    const [first, second] = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"];
    expect(nameAt("hourly", first, "Europe/Berlin")).toBe("2026-10-25T02:00+02:00");
    expect(nameAt("hourly", second, "Europe/Berlin")).toBe("2026-10-25T02:00+01:00");
    expect(nameAt("daily", first, "Europe/Berlin")).toBe(nameAt("daily", second, "Europe/Berlin"));
  });

  it("a day of 23 and one of 25 hours are one day each, from midnight to midnight", () => {
    const days = (from: string, hours: number) => {
      const calendar = new Calendar("Europe/Berlin");
      const start = Date.parse(from);
      const names = Array.from({ length: hours * 4 }, (_, i) =>
        calendar.nameOf("daily", start + i * 900_000),
      );
      return [new Set(names).size, calendar.nameOf("daily", start + hours * 3_600_000)];
    };
    expect(days("2026-03-28T23:00:00Z", 23)).toEqual([1, "2026-03-30"]);
    expect(days("2026-10-24T22:00:00Z", 25)).toEqual([1, "2026-10-26"]);
  });

  it("one that there is not is refused", () => {
    expect(() => new Calendar("Europe/Atlantis")).toThrow(
      expect.objectContaining({ code: "NADB_INVALID_ARGUMENT" }),
    );
  });
});
