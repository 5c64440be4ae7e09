import { describe, expect, it } from "vitest";
import { parseInstant } from "../src/instant.js";

describe("parseInstant", () => {
  it.each([
    ["2030-01-31T12:00:00Z", "2030-01-31T12:00:00.000Z"],
    ["2030-01-31T12:00Z", "2030-01-31T12:00:00.000Z"],
    ["2030-01-31T12:00:00.25Z", "2030-01-31T12:00:00.250Z"],
    ["2030-01-31T12:00:00.123456Z", "2030-01-31T12:00:00.123Z"],
    ["2030-01-01T00:30:00+01:00", "2029-12-31T23:30:00.000Z"],
    ["2028-02-29T00:00:00-08:00", "2028-02-29T08:00:00.000Z"],
  ])("%s is %s", (text, instant) => {
    expect(new Date(parseInstant(text)).toISOString()).toBe(instant);
  });

  it.each([
    ["", "nothing"],
    ["tomorrow", "a word"],
    ["2030-01-31", "a day without a time"],
    ["2030-01-31T12:00:00", "a time without a zone"],
    ["2030-01-31 12:00:00Z", "a blank for the T"],
    ["2030-02-30T12:00:00Z", "a day its month has not"],
    ["2029-02-29T12:00:00Z", "a leap day of another year"],
    ["2030-13-01T12:00:00Z", "a thirteenth month"],
    ["2030-01-31T25:00:00Z", "an hour the day has not"],
    ["2030-01-31T12:00:00+99:00", "a zone there is not"],
    ["1893456000000", "milliseconds"],
    [" 2030-01-31T12:00:00Z", "a blank before"],
  ])("%j is refused: %s", (text) => {
    expect(() => parseInstant(text)).toThrow(
      expect.objectContaining({ code: "NADB_INVALID_ARGUMENT" }),
    );
  });
});
