// A hook that is a command line: it gets what is told as JSON on its standard input and in short in its environment. It has
// a time limit; when that is over, or nadb is told to end, it is killed with all it has started.
import { type ChildProcess, spawn } from "node:child_process";
import type { Timer } from "@nadb/backup";
import { ioError, NadbError } from "@nadb/core";
import { toJson } from "../format.js";

export interface HookCall {
  /** Names it in messages. */
  readonly name: string;
  readonly command: string;
  /** Its current folder. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly document: object;
  readonly timeoutMs: number;
}

/** Rejects with NADB_IO unless it ends with exit code 0 in time. What it prints goes to standard error. */
export async function runCommandHook(
  call: HookCall,
  timer: Timer,
  signal: AbortSignal,
): Promise<void> {
  const child = start(call);
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const late = timer.wait(call.timeoutMs, both).then(() => {
    if (!ended.signal.aborted) kill(child);
  });
  const how = await exitOf(child).finally(() => ended.abort());
  await late;
  if (how.code === 0) return;
  throw new NadbError("NADB_IO", `the hook ${call.name} ${endingOf(call, how, signal)}`);
}

function start({ command, folder, env, document }: HookCall): ChildProcess {
  const child = spawn(command, {
    shell: true,
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["pipe", 2, 2],
    detached: process.platform !== "win32", // a group of its own, so that it can be killed whole
  });
  child.stdin?.on("error", () => undefined); // it need not read
  child.stdin?.end(`${toJson(document)}\n`);
  return child;
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const exitOf = (child: ChildProcess): Promise<Ending> =>
  new Promise((resolve, reject) => {
    child.on("error", (error) => reject(ioError("starting a hook", error)));
    child.on("exit", (code, signal) => resolve({ code, signal }));
  });

function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && process.platform !== "win32")
      process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // it has just ended
  }
}

function endingOf({ timeoutMs }: HookCall, how: Ending, signal: AbortSignal): string {
  if (how.code !== null) return `ended with exit code ${how.code}`;
  if (how.signal !== "SIGKILL") return `was ended by ${how.signal}`;
  return signal.aborted ? "was interrupted" : `did not end within ${timeoutMs / 1000} s`;
}
