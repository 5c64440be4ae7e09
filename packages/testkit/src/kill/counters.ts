// The law of counters that are compared and set: no two are told the same value, none is below what was acknowledged,
// none above what was asked for.
import type { Judge, Kept } from "./judge.js";
import type { Line } from "./lines.js";

export class Counters implements Judge {
  readonly #asked = new Map<string, number>();
  readonly #told = new Map<string, Set<number>>();

  hear({ count, counted, value = 0 }: Line): boolean {
    if (count !== undefined) this.#asked.set(count, (this.#asked.get(count) ?? 0) + 1);
    if (counted === undefined) return false;
    const told = this.#told.get(counted) ?? new Set();
    if (told.has(value)) throw new Error(`${counted} was told to be ${value} twice`);
    this.#told.set(counted, told.add(value));
    return true;
  }

  check(found: ReadonlyMap<string, Kept>): void {
    for (const [counter, asked] of this.#asked) {
      const value = Number(found.get(counter)?.value ?? 0);
      const told = Math.max(0, ...(this.#told.get(counter) ?? []));
      if (value >= told && value <= asked) continue;
      throw new Error(`${counter} is ${value}: it was told to be ${told}, asked for were ${asked}`);
    }
  }
}
