// Whatever was thrown, as what the user is told: a code, what happened, what to do about it. Never a stack.
import {
  invalidArgument,
  ioError,
  isNadbError,
  NadbError,
  quote,
  withoutPassword,
} from "@nadb/core";
import { CommanderError } from "commander";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-codes.js";
import { HeldBack } from "./held-back.js";
import { Interrupted } from "./interrupt.js";
import { Unhealthy } from "./unhealthy.js";

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export const usageError = (message: string): NadbError =>
  invalidArgument(message, "see nadb --help");

export const noRecord = (key: string): NadbError =>
  new NadbError("NADB_NOT_FOUND", `there is no record ${quote(key)}`);

/** A reader that went away (`nadb keys | head`) is not a failure: it has what it wanted. */
export const isClosedOutput = (error: unknown): boolean => systemCode(error) === "EPIPE";

export function exitCodeFor(error: unknown): ExitCode {
  if (isClosedOutput(error)) return EXIT.done;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof HeldBack) return EXIT.heldBack;
  if (error instanceof Unhealthy)
    return error.status === "critical" ? EXIT.healthCritical : EXIT.healthWarning;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  return isNadbError(error) ? exitCodeOf(error.code) : EXIT.failed;
}

/** Undefined when there is nothing to tell: help was asked for, or nobody listens any more. */
export function failureOf(error: unknown): Failure | undefined {
  if (isClosedOutput(error)) return undefined;
  if (error instanceof Interrupted) return { code: "NADB_INTERRUPTED", message: error.message };
  if (error instanceof HeldBack)
    return { code: "NADB_HELD_BACK", message: error.message, hint: error.hint };
  if (error instanceof Unhealthy) return { code: "NADB_UNHEALTHY", message: error.message };
  if (error instanceof CommanderError) return failureOfUsage(error);
  if (isNadbError(error)) return failureOfNadb(error);
  return {
    code: "NADB_UNEXPECTED",
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    hint: "this is a bug in nadb; NADB_DEBUG=1 prints where it happened",
  };
}

function failureOfUsage(error: CommanderError): Failure | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === "commander.help")
    return failureOfNadb(usageError("a command is missing, or there is none of that name"));
  const message = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  return failureOfNadb(usageError(message.replace(/(?<=')[^']*(?=')/g, withoutPassword)));
}

const failureOfNadb = ({ code, message, hint }: NadbError): Failure =>
  hint === undefined ? { code, message } : { code, message, hint };

/**
 * An error of the operating system, with what was being done: a missing file is NADB_NOT_FOUND, the rest
 * NADB_IO. Any other error stays as it is.
 */
export function fileError(doing: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  if (systemCode(error) === "ENOENT") {
    return new NadbError("NADB_NOT_FOUND", `${doing}: there is no such file or folder`);
  }
  return ioError(doing, error);
}

export function systemCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
