// A process that works on a store until it is killed, and a store that is looked at after that.
import { setImmediate } from "node:timers/promises";
import { KeyValueStore } from "@nadb/core";
import { checkNamespace, type Random } from "@nadb/testkit";
import { fsBackend } from "../../src/index.js";
import { Program } from "../program.js";
import { type Judge, type Line, readAll } from "./judge.js";

/** Write numbers of one round; "now" is a number of them. */
export const ROUND = 1_000_000;
const MAX_WAITED_FOR = 25;
const MAX_TURNS = 5_000;
/** One in so many is killed while it opens the store. */
const EARLY = 8;

export class Victim {
  readonly #program: Program;

  /** Loads its modules and waits to be told to begin. */
  constructor(
    folder: string,
    workload: string,
    readonly judge: Judge,
    writer = "a",
  ) {
    this.#program = Program.start("workload", [folder, workload, writer]);
  }

  begin(round: number): void {
    this.#program.tell(`${round * ROUND}`);
  }

  /** Until it has acknowledged so much. */
  async work(acknowledgements: number): Promise<void> {
    for (let left = acknowledgements; left > 0; ) {
      if (this.judge.hear(JSON.parse(await this.#program.line()))) left -= 1;
    }
  }

  /** At an instant of no importance, maybe before it has done anything. */
  async killSometime(random: Random): Promise<void> {
    if (!random.oneIn(EARLY)) await this.work(1 + random.int(MAX_WAITED_FOR));
    for (let turns = random.int(MAX_TURNS); turns > 0; turns--) await setImmediate();
    this.#hearAll(await this.#program.killNow());
  }

  async stop(): Promise<void> {
    this.#program.tell("stop");
    this.#hearAll(await this.#program.rest());
    await this.#program.end();
  }

  #hearAll(lines: readonly string[]): void {
    lines.forEach((line, i) => {
      const isCutOff = i === lines.length - 1 && !line.endsWith("}"); // by the kill
      if (!isCutOff) this.judge.hear(JSON.parse(line) as Line);
    });
  }
}

/** Opens the store after a kill, and fails unless it is at one with itself and with its judges. */
export async function examine(
  folder: string,
  round: number,
  judges: readonly Judge[],
): Promise<void> {
  const now = (round + 1) * ROUND - 1;
  const clock = (): number => now;
  const store = await KeyValueStore.open({ backend: fsBackend({ path: folder, clock }), clock });
  try {
    await checkNamespace(store.storage, now);
    const found = await readAll(store, now);
    for (const judge of judges) judge.check(found, now);
    await store.cleanupExpired();
    const { count } = await store.stats();
    if (count !== found.size) throw new Error(`${found.size} records, but a count of ${count}`);
    await checkNamespace(store.storage, now);
  } finally {
    await store.close();
  }
}
