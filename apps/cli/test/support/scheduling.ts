// nadb schedule as a process of its own, and what it tells, a run a line.
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { JobRun } from "@nadb/backup";
import { onTestFinished } from "vitest";
import { ended, type Run, type RunOptions, start } from "./nadb.js";

export class Scheduling {
  readonly runs: JobRun[] = [];
  readonly ended: Promise<Run>;
  readonly #lines: Interface;
  #seen = 0;

  private constructor(readonly child: ChildProcessWithoutNullStreams) {
    this.ended = ended(child);
    this.#lines = createInterface(child.stdout);
    this.#lines.on("line", (line) => this.runs.push(JSON.parse(line)));
  }

  /** Killed when the test is over. */
  static start(options: RunOptions): Scheduling {
    const child = start(["schedule", "--json"], options);
    onTestFinished(() => void child.kill("SIGKILL"));
    return new Scheduling(child);
  }

  /** The next run that it tells, or has told since the last one was asked for, that is so. */
  async next(isSo: (run: JobRun) => boolean): Promise<JobRun> {
    const early = this.ended.then(({ stderr }) => Promise.reject(new Error(stderr)));
    early.catch(() => undefined); // told to whoever waits
    for (;;) {
      while (this.#seen < this.runs.length) {
        const run = this.runs[this.#seen++] as JobRun;
        if (isSo(run)) return run;
      }
      await Promise.race([once(this.#lines, "line"), early]);
    }
  }

  /** From now on only what comes next counts. */
  forget(): void {
    this.#seen = this.runs.length;
  }

  async stop(): Promise<Run> {
    this.child.kill("SIGTERM");
    return this.ended;
  }
}
