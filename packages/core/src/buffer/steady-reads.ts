// Reads that lay the buffer over the namespace below. The two fit together while no layer leaves the buffer from
// the beginning of the read to its end; where one did, the read is made again. So no read misses a write that was
// on its way from the one to the other, and none sees a commit in part.
import { UnderWay } from "./layer.js";
import type { Overlay } from "./overlay.js";

/** After so many attempts in vain, layers wait for the read. */
const HASTY_ATTEMPTS = 2;

export class SteadyReads {
  readonly #patient = new UnderWay();

  constructor(readonly overlay: Overlay) {}

  /** `lay` gets what `read` resolved to, in one go with the look at the buffer. */
  async read<Below, Seen>(read: () => Promise<Below>, lay: (below: Below) => Seen): Promise<Seen> {
    for (let attempt = 1; ; attempt++) {
      const { departures } = this.overlay;
      const reading = read();
      if (attempt > HASTY_ATTEMPTS) this.#patient.add(reading);
      const below = await reading;
      if (this.overlay.departures === departures) return lay(below);
    }
  }

  /** Resolves once the reads that layers wait for have ended. */
  async settle(): Promise<void> {
    if (!this.#patient.isEmpty) await this.#patient.ended();
  }
}
