// Shared leases that stay though nobody reads for a while: somebody is asked, a store is made, another backup is taken first.
import { RENEW_AFTER_MS } from "./lease-file.js";
import type { Timer } from "./timer.js";

/** Renews by itself, and keeps the process alive, until it is released. */
export class Renewing implements AsyncDisposable {
  readonly #end = new AbortController();
  readonly #ended: Promise<void>;

  constructor(renew: () => Promise<void>, timer: Timer) {
    this.#ended = this.#goOn(renew, timer);
  }

  async #goOn(renew: () => Promise<void>, timer: Timer): Promise<void> {
    const { signal } = this.#end;
    for (;;) {
      await timer.wait(RENEW_AFTER_MS, signal);
      if (signal.aborted) return;
      await renew().catch(() => undefined); // the next one may succeed; what is gone is told by whoever reads it
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#ended;
  }
}
