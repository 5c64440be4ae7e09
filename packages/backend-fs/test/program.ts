// Programs in processes of their own, on the built package: they say a line, are told a line, and can be killed.
import { type ChildProcessWithoutNullStreams, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export class Program {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;
  #errors = "";

  private constructor(command: readonly string[], options: SpawnOptions) {
    const [file = "", ...args] = command;
    this.#process = spawn(file, args, {
      ...options,
      stdio: "pipe",
    }) as ChildProcessWithoutNullStreams;
    this.#process.stderr.on("data", (text) => {
      this.#errors += text;
    });
    this.#process.stdin.on("error", () => {}); // a program that was killed is told nothing more
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#exit = once(this.#process, "close");
  }

  /** Runs `programs/<name>.mjs`; it is killed when the test is over, if it has not ended. */
  static start(name: string, args: readonly string[], options: SpawnOptions = {}): Program {
    const path = fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));
    return Program.run([process.execPath, path, ...args], options);
  }

  static run(command: readonly string[], options: SpawnOptions = {}): Program {
    const program = new Program(command, options);
    onTestFinished(() => program.kill());
    return program;
  }

  /** The next line; fails with what the program complained of when it ended instead. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`the program ended. ${await this.#howItEnded()}`);
    return value;
  }

  /** All lines that are left, to the end of the program, however it ends. */
  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let next = await this.#lines.next(); !next.done; next = await this.#lines.next()) {
      lines.push(next.value);
    }
    await this.#exit;
    return lines;
  }

  tell(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** SIGKILL: nothing of the program runs any more once this resolves. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exit;
  }

  /** Kills it; answers the lines it had still said. Fails when it had come to another end before. */
  async killNow(): Promise<string[]> {
    await this.kill();
    const lines = await this.rest();
    if (this.#process.signalCode !== "SIGKILL") throw new Error(await this.#howItEnded());
    return lines;
  }

  /** Waits for a good end. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    const ended = await this.#howItEnded();
    if (this.#process.exitCode !== 0) throw new Error(ended);
  }

  async #howItEnded(): Promise<string> {
    await this.#exit;
    const { exitCode, signalCode } = this.#process;
    return `exit code ${exitCode}, signal ${signalCode}: ${this.#errors}`;
  }
}
