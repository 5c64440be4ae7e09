import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatTable, plural, printable, toJson } from "../src/format.js";

describe("format", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [123_456_789, "123 MB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, "0"],
    [-999, "-999"],
    [1_000, "1,000"],
    [-123_456, "-123,456"],
    [9_007_199_254_740_991, "9,007,199,254,740,991"],
  ])("%d is counted as %s", (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it("counts in words", () => {
    expect(plural(1, "record")).toBe("1 record");
    expect(plural(12_345, "record")).toBe("12,345 records");
  });

  it("spells control characters out and leaves all else", () => {
    expect(printable("a\nb\u001b[31m\u0007\u009b ü 🙂")).toBe(
      "a\\nb\\u001b[31m\\u0007\\u009b ü 🙂",
    );
  });

  it("writes JSON without raw control characters, and means the same", () => {
    const document = { key: "a\nb\u001b\u007f\u009b ü 🙂" };
    const text = toJson(document);
    expect(text).toBe('{"key":"a\\nb\\u001b\\u007f\\u009b ü 🙂"}');
    expect(JSON.parse(text)).toEqual(document);
  });

  it("aligns a table", () => {
    expect(
      formatTable(
        [
          ["A", "N"],
          ["long", "7"],
          ["x", "12"],
        ],
        [1],
      ),
    ).toBe("A      N\nlong   7\nx     12");
  });
});
