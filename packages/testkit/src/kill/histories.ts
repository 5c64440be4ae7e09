// The law of histories, for a backend that keeps the order of writes only among some keys, such as those of one partition:
// of each scope it is the law of history.ts.
import { History } from "./history.js";
import type { Judge, Kept } from "./judge.js";
import { keyOf, type Line } from "./lines.js";

/** A history, and how many writes of it were asked for since it was checked. */
class Scope {
  asked = 0;

  constructor(readonly history: History) {}
}

/** REQUIRES: each write is of one key, and acknowledged by its own number. */
export class Histories implements Judge {
  readonly #scopes = new Map<string, Scope>();
  /** Of each write its scope, and its number there. */
  #asked: [Scope, number][] = [];

  /** Of the keys that begin so. */
  constructor(
    readonly prefix: string,
    readonly scopeOf: (key: string) => string,
  ) {}

  hear({ ask, safe }: Line): boolean {
    for (const change of ask ?? []) {
      const scope = this.#scope(keyOf(change));
      scope.history.hear({ ask: [change] });
      this.#asked.push([scope, ++scope.asked]);
    }
    const [scope, number = 0] = this.#asked[(safe ?? 0) - 1] ?? [];
    return scope?.history.hear({ safe: number }) ?? false;
  }

  check(found: ReadonlyMap<string, Kept>, now: number): void {
    for (const key of found.keys()) if (key.startsWith(this.prefix)) this.#scope(key);
    for (const scope of this.#scopes.values()) {
      scope.history.check(found, now);
      scope.asked = 0;
    }
    this.#asked = [];
  }

  #scope(key: string): Scope {
    const name = this.scopeOf(key);
    const owns = (one: string): boolean =>
      one.startsWith(this.prefix) && this.scopeOf(one) === name;
    const scope = this.#scopes.get(name) ?? new Scope(new History(owns));
    this.#scopes.set(name, scope);
    return scope;
  }
}
