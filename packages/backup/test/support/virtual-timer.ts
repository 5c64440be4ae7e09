// Time that passes when the test says so, and a clock that jumps when the test says so: a wait lasts as long as time passes,
// whatever the clock does.
import type { Timer } from "../../src/index.js";
import { Clock } from "./store.js";

interface Wait {
  readonly ms: number;
  readonly until: number;
  readonly end: () => void;
}

export class VirtualTimer implements Timer {
  /** In ms; never jumps. */
  elapsed = 0;
  readonly #waits = new Set<Wait>();

  /** @param isBusy whether something is at work that waits for no time; settling waits for it. */
  constructor(
    readonly clock: Clock = new Clock(),
    public isBusy: () => boolean = () => false,
  ) {}

  readonly now = (): number => this.clock.time;

  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        this.#waits.delete(wait);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const wait: Wait = { ms, until: this.elapsed + Math.max(0, ms), end };
      this.#waits.add(wait);
      signal.addEventListener("abort", end);
    });
  }

  /** How many wait. */
  get waits(): number {
    return this.#waits.size;
  }

  /** How many wait for so long. */
  waiting(ms: number): number {
    return [...this.#waits].filter((wait) => wait.ms === ms).length;
  }

  jump(ms: number): void {
    this.clock.time += ms;
  }

  /** Lets time pass, from the end of one wait to the next, and lets run what each of them lets run. */
  async pass(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    await this.settle();
    for (;;) {
      const next = Math.min(...[...this.#waits].map(({ until }) => until));
      const to = Math.min(end, next);
      this.clock.time += to - this.elapsed;
      this.elapsed = to;
      if (next > end) return;
      for (const wait of [...this.#waits]) if (wait.until <= to) wait.end();
      await this.settle();
    }
  }

  /** Until nothing goes on any more without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet = this.isBusy() ? 0 : quiet + 1) {
      await new Promise(setImmediate);
    }
  }
}
