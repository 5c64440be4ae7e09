// A program that writes as seen by who kills it: what it says goes to its judge.
import type { Random } from "../random.js";
import { turn } from "./job.js";
import type { Judge } from "./judge.js";
import type { Line } from "./lines.js";
import { Program } from "./program.js";

/** Write numbers of one round; "now" is a number of them. */
export const ROUND = 1_000_000;
const MAX_WAITED_FOR = 25;
const MAX_TURNS = 5_000;
/** One in so many kills comes while the store is being opened. */
const EARLY = 8;

export class Writer {
  readonly #program: Program;

  /** Loads its modules and waits to be told to begin. */
  constructor(
    path: string,
    args: readonly string[],
    readonly judge: Judge,
  ) {
    this.#program = new Program(path, args);
  }

  begin(round: number): void {
    this.#program.tell(`${round * ROUND}`);
  }

  /** Until it has had so much acknowledged. */
  async work(acknowledgements: number): Promise<void> {
    for (let left = acknowledgements; left > 0; ) {
      if (this.judge.hear(JSON.parse(await this.#program.line()))) left -= 1;
    }
  }

  /** To an instant of no importance, maybe before it has done anything. */
  async workSometime(random: Random): Promise<void> {
    if (!random.oneIn(EARLY)) await this.work(1 + random.int(MAX_WAITED_FOR));
    for (let turns = random.int(MAX_TURNS); turns > 0; turns--) await turn();
  }

  /** What it had said is heard. Fails when it had come to an end before. */
  async kill(): Promise<void> {
    this.#hearAll(await this.#program.killNow());
  }

  async stop(): Promise<void> {
    this.#hearAll(await this.#program.stop());
  }

  /** However it stands; nothing is heard. */
  async end(): Promise<void> {
    await this.#program.kill();
  }

  #hearAll(lines: readonly string[]): void {
    lines.forEach((line, i) => {
      const isCutOff = i === lines.length - 1 && !line.endsWith("}"); // by the kill
      if (!isCutOff) this.judge.hear(JSON.parse(line) as Line);
    });
  }
}
