// Time for the rounds of a sync: the next begins an interval after the last has ended. The timer keeps the process
// alive only while it is told to hold it.

export class Heartbeat {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #beating = false;
  #holds = false;

  /** @param beat must not reject. */
  constructor(
    readonly intervalMs: number,
    readonly beat: () => Promise<void>,
  ) {}

  /** Idempotent. */
  start(): void {
    this.#running = true;
    if (this.#timer === undefined && !this.#beating) this.#schedule();
  }

  /** Idempotent. A beat under way comes to its end. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Whether the process must live until the next beat. */
  hold(holds: boolean): void {
    if (this.#holds === holds) return;
    this.#holds = holds;
    this.#apply();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#fire(), this.intervalMs);
    this.#apply();
  }

  async #fire(): Promise<void> {
    this.#timer = undefined;
    this.#beating = true;
    await this.beat();
    this.#beating = false;
    if (this.#running) this.#schedule();
  }

  /** Where a timer is a number, as in browsers, it holds nothing. */
  #apply(): void {
    const timer: { ref?: () => void; unref?: () => void } | number | undefined = this.#timer;
    if (typeof timer !== "object") return;
    if (this.#holds) timer.ref?.();
    else timer.unref?.();
  }
}
