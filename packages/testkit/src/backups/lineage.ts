// On which backups a namespace can go on, by the plainest rule: on those taken of this very content, as long as the
// feed has not been trimmed beyond them.
import type { Checkpoint } from "@nadb/core";

/** Of a backup: the instant it is of, and where the next one would go on. */
export interface Cut {
  readonly checkpoint: Checkpoint;
}

export class Lineage {
  readonly #within = new Set<Cut>();

  took(taken: Cut): void {
    this.#within.add(taken);
  }

  reachesBackTo(taken: Cut): boolean {
    return this.#within.has(taken);
  }

  /** The content is another one as a whole. */
  replaced(): void {
    this.#within.clear();
  }

  trimmed(through: Checkpoint): void {
    for (const taken of this.#within) if (taken.checkpoint !== through) this.#within.delete(taken);
  }
}
