// Time that passes when the test says so, for work that goes on and on.
import type { Timer } from "../../src/index.js";
import type { Clock } from "./store.js";

interface Waiter {
  readonly at: number;
  readonly end: () => void;
}

export class ManualTimer implements Timer {
  readonly #waiters = new Set<Waiter>();
  #asked: (() => void) | undefined;

  constructor(readonly clock: Clock) {}

  now(): number {
    return this.clock.time;
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        signal.removeEventListener("abort", end);
        this.#waiters.delete(waiter);
        resolve();
      };
      const waiter = { at: this.clock.time + ms, end };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", end);
      this.#asked?.();
    });
  }

  /** Resolves when somebody waits. */
  async idle(): Promise<void> {
    if (this.#waiters.size > 0) return;
    await new Promise<void>((resolve) => {
      this.#asked = resolve;
    });
    this.#asked = undefined;
  }

  /** So many ms pass, one wait after the other; then everybody waits again. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.time + ms;
    await this.idle();
    for (;;) {
      const [next] = [...this.#waiters].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.clock.time = Math.max(this.clock.time, next.at);
      next.end();
      await this.idle();
    }
    this.clock.time = Math.max(this.clock.time, end);
  }
}
