import { ERROR_CODES, NadbError } from "@nadb/core";
import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { exitCodeFor, failureOf, fileError } from "../src/failure.js";
import { Interrupted, reasonFor } from "../src/interrupt.js";

describe("failures", () => {
  it("each error code has its exit code", () => {
    const exits = ERROR_CODES.map((code) => [code, exitCodeFor(new NadbError(code, ""))]);
    expect(Object.fromEntries(exits)).toEqual({
      NADB_INVALID_ARGUMENT: 2,
      NADB_NOT_FOUND: 1,
      NADB_ALREADY_EXISTS: 1,
      NADB_CONFLICT: 1,
      NADB_CHECKPOINT_EXPIRED: 1,
      NADB_COMMIT_UNKNOWN: 1,
      NADB_UNSUPPORTED: 1,
      NADB_CORRUPTION: 4,
      NADB_UNDECODABLE: 1,
      NADB_NEWER_FORMAT: 13,
      NADB_NOT_A_STORE: 10,
      NADB_NOT_A_REPOSITORY: 10,
      NADB_LOCKED: 11,
      NADB_CLOSED: 1,
      NADB_IO: 1,
    });
  });

  it("an unexpected error is called a bug and shows no stack", () => {
    const failure = failureOf(new TypeError("x is not a function"));
    expect(failure).toMatchObject({
      code: "NADB_UNEXPECTED",
      message: "TypeError: x is not a function",
      hint: expect.stringContaining("bug"),
    });
    expect(exitCodeFor(new TypeError())).toBe(1);
  });

  it("what is wrong with an option is told in one line", () => {
    const error = new CommanderError(1, "x", "error: unknown option '--a'\n(Did you mean --b?)");
    expect(failureOf(error)?.message).toBe("unknown option '--a' (Did you mean --b?)");
  });

  it("a URL in place of a command is told without its password", () => {
    const error = new CommanderError(1, "x", "error: unknown command 'redis://:secret@h?token=x'");
    expect(failureOf(error)?.message).toBe("unknown command 'redis://***@h?***'");
  });

  it("a reader that went away is no failure", () => {
    const closed = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    expect(failureOf(closed)).toBeUndefined();
    expect(exitCodeFor(closed)).toBe(0);
  });

  it("an abort stands for the interrupt that caused it", () => {
    const interrupted = new Interrupted("SIGINT");
    const abort = Object.assign(new Error("aborted"), { name: "AbortError" });
    expect(reasonFor(abort, AbortSignal.abort(interrupted))).toBe(interrupted);
    expect(exitCodeFor(interrupted)).toBe(130);
    expect(fileError("exporting", interrupted)).toBe(interrupted);
  });
});
