// Starts the processes of a race, tells them what to do, kills them.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const RACER = fileURLToPath(new URL("racer.mjs", import.meta.url));

export type Task = { readonly op: string } & Readonly<Record<string, unknown>>;

export interface Outcome {
  // biome-ignore lint/suspicious/noExplicitAny: what crossed a process border is looked at by the test
  readonly result?: any;
  readonly code?: string;
  readonly message?: string;
}

export class Racer {
  #number = 0;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();

  private constructor(readonly child: ChildProcess) {
    child.on("message", ({ number, ...outcome }: Outcome & { number: number }) => {
      this.#waiting.get(number)?.(outcome);
    });
    child.on("exit", () => {
      for (const settle of this.#waiting.values()) settle({ code: "killed" });
    });
  }

  static async start(namespace: string): Promise<Racer> {
    const child = fork(RACER, [namespace], { serialization: "advanced" });
    await once(child, "message");
    return new Racer(child);
  }

  /** What came of it; "killed" as the code when the process was. */
  run(task: Task): Promise<Outcome> {
    const number = ++this.#number;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.child.send({ number, ...task });
    });
  }

  /** Throws unless it is done. */
  async must(task: Task): Promise<unknown> {
    const { result, code, message } = await this.run(task);
    if (code !== undefined) throw new Error(`${task.op}: ${code}: ${message}`);
    return result;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
  }
}
