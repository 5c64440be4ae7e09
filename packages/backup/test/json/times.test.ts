// Times as text: ours come back exactly, the Python original's are read as its users mean them.
import { describe, expect, it } from "vitest";
import { formatLocalTime, formatTime, parseTime } from "../../src/json/times.js";

const LAST = 8_640_000_000_000_000;

describe("times", () => {
  it.each([0, 1, 999, 1_767_323_045_678, 253_402_300_800_000, LAST])(
    "%i comes back as it was",
    (ms) => {
      expect(parseTime(formatTime(ms))).toBe(ms);
    },
  );

  it("are written in UTC, to the millisecond, with an offset that every reader knows", () => {
    expect(formatTime(1_767_323_045_678)).toBe("2026-01-02T03:04:05.678+00:00");
  });

  it("are written for Python as its isoformat does: local, to the microsecond, a whole second without", () => {
    const at = (ms: number) => formatLocalTime(new Date(2026, 0, 2, 3, 4, 5, ms).getTime());
    expect([at(678), at(7), at(0)]).toEqual([
      "2026-01-02T03:04:05.678000",
      "2026-01-02T03:04:05.007000",
      "2026-01-02T03:04:05",
    ]);
    expect(parseTime(at(7))).toBe(new Date(2026, 0, 2, 3, 4, 5, 7).getTime());
  });

  it.each([
    ["2024-01-15T10:30:00", new Date(2024, 0, 15, 10, 30).getTime()],
    ["2024-07-15T10:30:00.123999", new Date(2024, 6, 15, 10, 30, 0, 123).getTime()],
    ["2024-02-29T23:59:59.9", new Date(2024, 1, 29, 23, 59, 59, 900).getTime()],
    ["2024-01-15T10:30:00Z", Date.UTC(2024, 0, 15, 10, 30)],
    ["2024-01-15T10:30:00.000001+00:00", Date.UTC(2024, 0, 15, 10, 30)],
    ["2024-01-15T10:30:00+05:30", Date.UTC(2024, 0, 15, 5, 0)],
    ["2024-01-15T10:30:00-11:00", Date.UTC(2024, 0, 15, 21, 30)],
  ])("%s is read", (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });

  it.each([
    "",
    "now",
    "1705314600",
    "2024-01-15",
    "2024-01-15 10:30:00",
    "2024-01-15T10:30",
    "2024-01-15T24:00:00",
    "2024-01-15T10:60:00",
    "2024-01-15T10:30:60",
    "2024-13-15T10:30:00",
    "2024-00-15T10:30:00",
    "2024-01-00T10:30:00",
    "2024-01-32T10:30:00",
    "2024-02-30T10:30:00",
    "2023-02-29T10:30:00",
    "2024-01-15T10:30:00.",
    "2024-01-15T10:30:00+0530",
    "2024-01-15T10:30:00+99:00",
    " 2024-01-15T10:30:00",
    "2024-01-15T10:30:00\n",
    "+999999-01-15T10:30:00Z",
  ])("%j is none", (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});
