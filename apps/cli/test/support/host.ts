// Commands that are run one after another in a process that stays (host-process.mjs): starting one for each takes longer than
// most of them do. At one time each runs in a process of its own.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const HOST = fileURLToPath(new URL("./host-process.mjs", import.meta.url));

export interface HostedRequest {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: Uint8Array | string;
}

export interface HostedRun {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

const all: ChildProcess[] = [];
const idle: ChildProcess[] = [];

afterAll(() => {
  for (const host of all) if (host.connected) host.disconnect();
});

/** Rejects when the process has ended, or would not end after the command. */
export async function runHosted(
  request: HostedRequest,
  env: NodeJS.ProcessEnv,
): Promise<HostedRun> {
  const host = idle.pop() ?? startHost(env);
  const run = await ask(host, request);
  idle.push(host);
  return run;
}

function startHost(env: NodeJS.ProcessEnv): ChildProcess {
  const host = fork(HOST, { env, serialization: "advanced", execArgv: [] });
  all.push(host);
  return host;
}

function ask(host: ChildProcess, request: HostedRequest): Promise<HostedRun> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void => reject(new Error(`it ended the process: ${code}`));
    host.once("exit", gone).once("message", (answer: { run: HostedRun } | { error: string }) => {
      host.off("exit", gone);
      if ("run" in answer) resolve(answer.run);
      else reject(new Error(answer.error));
    });
    host.send(request);
  });
}
