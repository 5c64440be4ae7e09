// Programs in processes of their own: they say a line, are told a line, and are killed.
// INVARIANT: what a program has said before it died can be read, in order, to its last whole line.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class Program {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;
  #complaints = "";

  /** Run by the Node that runs this. */
  constructor(path: string, args: readonly string[]) {
    this.#process = spawn(process.execPath, [path, ...args]);
    this.#process.stderr.on("data", (text) => {
      this.#complaints += text;
    });
    this.#process.stdin.on("error", () => {}); // one that was killed is told nothing more
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#exit = once(this.#process, "close");
  }

  /** The next line. Fails with what the program complained of when it ended instead. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`the program ended. ${await this.#ending()}`);
    return value;
  }

  tell(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Tells it to stop; answers what it says until it has come to a good end. */
  async stop(): Promise<string[]> {
    this.tell("stop");
    const lines = await this.#rest();
    const ending = await this.#ending();
    if (this.#process.exitCode !== 0) throw new Error(ending);
    return lines;
  }

  /** SIGKILL: nothing of the program runs any more once this resolves. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exit;
  }

  /** Kills it; answers the lines it had still said. Fails when it had come to another end before. */
  async killNow(): Promise<string[]> {
    await this.kill();
    const lines = await this.#rest();
    if (this.#process.signalCode !== "SIGKILL") throw new Error(await this.#ending());
    return lines;
  }

  async #rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let next = await this.#lines.next(); !next.done; next = await this.#lines.next()) {
      lines.push(next.value);
    }
    return lines;
  }

  async #ending(): Promise<string> {
    await this.#exit;
    const { exitCode, signalCode } = this.#process;
    return `exit code ${exitCode}, signal ${signalCode}: ${this.#complaints}`;
  }
}
