#!/usr/bin/env node
// The command `nadb`, as a process: its streams, its signals, its end.
import { watchInterrupts } from "./interrupt.js";
import { report, runCommand } from "./run-command.js";

const { stdin, stdout, stderr } = process;
const terminal = { stdin, stdout, stderr };
const args = process.argv.slice(2);

// Writes tell their own callers (output.ts); without listeners a closed pipe would end the process here.
for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
process.on("uncaughtException", (error) => {
  process.exit(report(error, args, terminal));
});

// The flag counts for libraries that know only the variable, too.
if (args.includes("--no-color")) process.env.NO_COLOR = "1";

process.exitCode = await runCommand(args, terminal, watchInterrupts());
