import { describe, expect, it } from "vitest";
import { pathOfKey } from "../src/file-path.js";

const refused = expect.objectContaining({ code: "NADB_INVALID_ARGUMENT" });

describe("keys as file paths", () => {
  it("takes relative paths", () => {
    expect(pathOfKey("a/b c/ü.txt", "linux")).toEqual(["a", "b c", "ü.txt"]);
    expect(pathOfKey("..a/b..", "linux")).toEqual(["..a", "b.."]);
  });

  it.each([
    "../x",
    "a/../../x",
    "..",
    ".",
    "a/./b",
    "/etc/passwd",
    "a//b",
    "a/",
    "a\0b",
    "x".repeat(256),
  ])("refuses %j on every system", (key) => {
    expect(() => pathOfKey(key, "linux")).toThrow(refused);
    expect(() => pathOfKey(key, "win32")).toThrow(refused);
  });

  it.each(["..\\x", "c:x", "nul", "COM1.txt", "a.", "a ", "what?", "a\nb"])(
    "refuses %j on Windows only",
    (key) => {
      expect(pathOfKey(key, "linux")).toEqual([key]);
      expect(() => pathOfKey(key, "win32")).toThrow(refused);
    },
  );
});
