// Runs one command, tells its failure once, and answers with its exit code.
import { EXIT, type ExitCode } from "./exit-codes.js";
import { exitCodeFor, failureOf } from "./failure.js";
import { reasonFor } from "./interrupt.js";
import { closeTargets } from "./open-target.js";
import { Output } from "./output.js";
import { buildProgram } from "./program.js";
import type { Terminal } from "./session.js";

/** @param args as the command line has them, without program and script. */
export async function runCommand(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  try {
    await buildProgram(terminal, signal).parseAsync(args, { from: "user" });
    return EXIT.done;
  } catch (error) {
    return report(reasonFor(error, signal), args, terminal);
  } finally {
    await closeTargets();
  }
}

/** Tells what was thrown, unless nobody is to be told; the exit code it stands for. */
export function report(
  error: unknown,
  args: readonly string[],
  { stdout, stderr }: Terminal,
): ExitCode {
  const failure = failureOf(error);
  const json = args.includes("--json");
  if (failure !== undefined) new Output(stdout, stderr, { json, quiet: false }).failure(failure);
  if (process.env.NADB_DEBUG === "1") stderr.write(`${describe(error)}\n`);
  return exitCodeFor(error);
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
