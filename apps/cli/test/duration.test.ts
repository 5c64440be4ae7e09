import { describe, expect, it } from "vitest";
import { parseDuration } from "../src/duration.js";

describe("duration", () => {
  it.each([
    ["500ms", 0.5],
    ["90s", 90],
    ["1.5s", 1.5],
    ["15m", 900],
    ["1h", 3600],
    ["7d", 604_800],
  ])("reads %s as %d seconds", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(["", "0s", "-1s", "1", "s", "1w", "1 h", "1h30m", "NaNs", "1e3s", "Infinitys"])(
    "refuses %j",
    (text) => {
      expect(() => parseDuration(text)).toThrow(
        expect.objectContaining({ code: "NADB_INVALID_ARGUMENT" }),
      );
    },
  );
});
