// The law of a history: what a kill leaves behind is the outcome of the first n writes asked for, for an n that is at
// least what was acknowledged. So nothing acknowledged is lost or comes back, no write is there in part, and none is
// there without those before it.
import { isReadable } from "../check.js";
import type { Judge, Kept } from "./judge.js";
import { type Change, keyOf, type Line } from "./lines.js";

export class History implements Judge {
  #state = new Map<string, Kept>();
  #asked: (readonly Change[])[] = [];
  #cuts = new Set([0]);
  #safe = 0;

  /** Of these keys; where `onlyAtCuts`, n must be one that the writer has named. */
  constructor(
    readonly owns: (key: string) => boolean,
    readonly onlyAtCuts = false,
  ) {}

  hear({ ask, safe, cut }: Line): boolean {
    if (ask !== undefined) this.#asked.push(ask);
    if (cut !== undefined) this.#cuts.add(cut);
    if (safe !== undefined) this.#safe = Math.max(this.#safe, safe);
    return safe !== undefined;
  }

  check(found: ReadonlyMap<string, Kept>, now: number): void {
    const difference = new Difference(this.#state, this.#ownOf(found), now);
    let [least, leastAt] = ["", 0];
    for (const n of this.#asked.keys()) {
      if (this.#isOutcome(n, difference)) return;
      for (const change of this.#asked[n] ?? []) difference.apply(change);
      if (n + 1 === this.#safe) [least, leastAt] = [difference.toString(), n + 1];
    }
    if (this.#isOutcome(this.#asked.length, difference)) return;
    const [asked, safe] = [this.#asked.length, this.#safe];
    throw new Error(
      `of ${asked} writes ${safe} were acknowledged; after ${leastAt} it should differ in nothing, not in ${least}; after all in ${difference}`,
    );
  }

  /** Whether the first n writes may be all there are, and have led to what was found; then it goes on from there. */
  #isOutcome(n: number, difference: Difference): boolean {
    if (n < this.#safe || !difference.isNone) return false;
    if (this.onlyAtCuts && !this.#cuts.has(n)) return false;
    this.#goOnFrom(difference.state);
    return true;
  }

  #goOnFrom(state: Map<string, Kept>): void {
    this.#state = state;
    this.#asked = [];
    this.#cuts = new Set([0]);
    this.#safe = 0;
  }

  #ownOf(found: ReadonlyMap<string, Kept>): Map<string, Kept> {
    return new Map([...found].filter(([key]) => this.owns(key)));
  }
}

/** In which keys a state and what was found differ, kept up to date while the state changes. */
class Difference {
  readonly state: Map<string, Kept>;
  readonly #keys = new Set<string>();

  constructor(
    state: ReadonlyMap<string, Kept>,
    readonly found: ReadonlyMap<string, Kept>,
    readonly now: number,
  ) {
    this.state = new Map(state);
    for (const key of [...state.keys(), ...found.keys()]) this.#compare(key);
  }

  get isNone(): boolean {
    return this.#keys.size === 0;
  }

  apply(change: Change): void {
    if ("delete" in change) this.state.delete(change.delete);
    else {
      const { put, text, times, tags, expiresAt } = change;
      this.state.set(put, { value: text.repeat(times), tags, expiresAt });
    }
    this.#compare(keyOf(change));
  }

  toString(): string {
    const [key = ""] = this.#keys;
    const [should, is] = [this.#live(key), this.found.get(key)].map((kept) => JSON.stringify(kept));
    return `${this.#keys.size} keys, as ${key}: ${should?.slice(0, 200)}, found ${is?.slice(0, 200)}`;
  }

  #live(key: string): Kept | undefined {
    const kept = this.state.get(key);
    return kept !== undefined && isReadable(kept, this.now) ? kept : undefined;
  }

  #compare(key: string): void {
    if (isSame(this.#live(key), this.found.get(key))) this.#keys.delete(key);
    else this.#keys.add(key);
  }
}

function isSame(one: Kept | undefined, other: Kept | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const isEqual = one.value === other.value && one.expiresAt === other.expiresAt;
  return isEqual && one.tags.join() === other.tags.join();
}
