#!/usr/bin/env node
// The command `nadb`: runs one command, reports a failure once, and leaves with its exit code.
import { EXIT, type ExitCode } from "./exit-codes.js";
import { exitCodeFor, failureOf } from "./failure.js";
import { reasonFor, watchInterrupts } from "./interrupt.js";
import { closeTargets } from "./open-target.js";
import { Output } from "./output.js";
import { buildProgram } from "./program.js";

const { stdin, stdout, stderr } = process;

// Writes tell their own callers (output.ts); without listeners a closed pipe would end the process here.
for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
process.on("uncaughtException", (error) => {
  process.exit(report(error));
});

// The flag counts for libraries that know only the variable, too.
if (process.argv.includes("--no-color")) process.env.NO_COLOR = "1";

async function main(args: readonly string[]): Promise<ExitCode> {
  const signal = watchInterrupts();
  try {
    await buildProgram({ stdin, stdout, stderr }, signal).parseAsync(args, { from: "user" });
    return EXIT.done;
  } catch (error) {
    return report(reasonFor(error, signal));
  } finally {
    await closeTargets();
  }
}

function report(error: unknown): ExitCode {
  const failure = failureOf(error);
  const json = process.argv.includes("--json");
  if (failure !== undefined) new Output(stdout, stderr, { json, quiet: false }).failure(failure);
  if (process.env.NADB_DEBUG === "1") stderr.write(`${describe(error)}\n`);
  return exitCodeFor(error);
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

process.exitCode = await main(process.argv.slice(2));
