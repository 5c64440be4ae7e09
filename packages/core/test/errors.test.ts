import { describe, expect, it } from "vitest";
import {
  corruption,
  ERROR_CODES,
  invalidArgument,
  ioError,
  isNadbError,
  NadbError,
} from "../src/index.js";

describe("an error of NADB", () => {
  it("is known by name and code", () => {
    const error = new NadbError("NADB_LOCKED", "held by another", { hint: "wait" });
    expect([error.name, error.code, error.message, error.hint]).toEqual([
      "NadbError",
      "NADB_LOCKED",
      "held by another",
      "wait",
    ]);
    expect(isNadbError(error)).toBe(true);
    expect(isNadbError(error, "NADB_LOCKED")).toBe(true);
    expect(isNadbError(error, "NADB_IO")).toBe(false);
  });

  it("of another copy of this package is known, too", () => {
    const other = Object.assign(new Error("closed"), { name: "NadbError", code: "NADB_CLOSED" });
    expect(isNadbError(other, "NADB_CLOSED")).toBe(true);
  });

  it.each([undefined, null, "NADB_IO", { name: "NadbError", code: "NADB_IO" }, new Error("x")])(
    "is not %j",
    (value) => {
      expect(isNadbError(value)).toBe(false);
    },
  );

  it("has a hint and a cause where there is one, and no property where there is none", () => {
    expect(invalidArgument("bad").hint).toBeUndefined();
    expect(invalidArgument("bad", "do this").hint).toBe("do this");
    expect(corruption("broken").code).toBe("NADB_CORRUPTION");
    expect(corruption("broken")).not.toHaveProperty("cause");
  });

  it("of the system is wrapped once, with what was being done", () => {
    const cause = new Error("ENOSPC: no space left on device");
    const error = ioError("writing to the store", cause);
    expect(error.code).toBe("NADB_IO");
    expect(error.message).toBe("writing to the store: ENOSPC: no space left on device");
    expect(error.cause).toBe(cause);
    expect(ioError("reading", "gone").message).toBe("reading: gone");
  });

  it("has a code of its own for each kind", () => {
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
    for (const code of ERROR_CODES) expect(code).toMatch(/^NADB_[A-Z_]+$/);
  });
});
