// Who may write now. A buffer that is full lets nobody in until a flush has made room, and calls go in the order in
// which they came, so that awaiting them or not makes no difference. When the flush that they wait for fails, all who
// wait are refused with its error.
import type { Flusher } from "./flusher.js";
import type { Overlay } from "./overlay.js";

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (error: unknown) => void;
}

export class Admission {
  readonly #waiting: Waiting[] = [];
  #relieving = false;

  constructor(
    readonly overlay: Overlay,
    readonly flusher: Flusher,
    readonly maxBytes: number,
  ) {}

  get isFull(): boolean {
    const { overlay, maxBytes } = this;
    if (overlay.fresh.bytes >= maxBytes) return true;
    return overlay.fresh !== overlay.oldest && overlay.bytes >= 2 * maxBytes;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Runs `body` in its turn: within this call when nobody waits and, if it needs room, there is some. */
  enter<T>(needsRoom: boolean, body: () => Promise<T>): Promise<T> {
    if (this.isIdle && !(needsRoom && this.isFull)) return body();
    return new Promise((resolve, refuse) => {
      const admit = (): void => void body().then(resolve, refuse);
      this.#waiting.push({ admit, refuse });
      this.makeRoom();
    });
  }

  /** Flushes while the buffer is full. A failure has its observer, and those who wait, to tell. */
  makeRoom(): void {
    if (!this.#relieving) void this.#relieve();
  }

  async #relieve(): Promise<void> {
    this.#relieving = true;
    try {
      for (this.#admit(); this.isFull; this.#admit()) {
        const step = this.flusher.step();
        this.#admit(); // beginning a flush may have frozen what was full
        await step;
      }
    } catch (error) {
      for (const { refuse } of this.#waiting.splice(0)) refuse(error);
    } finally {
      this.#relieving = false;
    }
  }

  /** Those at the front for whom there is room. */
  #admit(): void {
    let admitted = 0;
    for (const { admit } of this.#waiting) {
      if (this.isFull) break;
      admit();
      admitted += 1;
    }
    this.#waiting.splice(0, admitted);
  }
}
