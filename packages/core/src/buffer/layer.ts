// A layer of the buffer: mutations that are committed together, of each key the latest. It is committed behind work
// that belongs before it: direct commits, and look-ups that must see the namespace without it.
import type { Mutation } from "../backend.js";
import { type Entry, isReadable } from "./entry.js";

export class Layer {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  /** Direct commits between the layer before and this one. */
  readonly commits = new UnderWay();
  /** For deletes in this layer: what was there before them. */
  readonly lookUps = new UnderWay();

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  /** Answers the entry it takes the place of. An overwritten key keeps its place in the order. */
  set(entry: Entry): Entry | undefined {
    const { key } = entry.mutation;
    const old = this.#entries.get(key);
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    if (old === undefined) return undefined;
    this.#bytes -= old.bytes;
    if (isReadable(old, entry.at)) entry.since = old.since;
    return old;
  }

  /** Takes `entry` back, if it still stands, and puts `old` in its place. */
  unset(entry: Entry, old: Entry | undefined): void {
    const { key } = entry.mutation;
    if (this.#entries.get(key) !== entry) return;
    if (old === undefined) this.#entries.delete(key);
    else this.#entries.set(key, old);
    this.#bytes += (old?.bytes ?? 0) - entry.bytes;
  }

  /** In the order in which their keys were first written. */
  mutations(): Mutation[] {
    return Array.from(this.#entries.values(), (entry) => entry.mutation);
  }

  /** Lays a newer layer over this one. REQUIRES: no commit between the two will be made any more. */
  absorb(newer: Layer): void {
    for (const entry of newer.#entries.values()) this.set(entry);
    for (const lookUp of newer.lookUps.all()) this.lookUps.add(lookUp);
  }

  get isReady(): boolean {
    return this.commits.isEmpty && this.lookUps.isEmpty;
  }

  /** Resolves once all that it stands behind has ended, one way or the other. */
  async ready(): Promise<void> {
    await this.commits.ended();
    await this.lookUps.ended();
  }
}

/** Promises under way; how they end is for others to tell. */
export class UnderWay {
  readonly #works = new Set<Promise<unknown>>();

  get isEmpty(): boolean {
    return this.#works.size === 0;
  }

  all(): Promise<unknown>[] {
    return [...this.#works];
  }

  add(work: Promise<unknown>): void {
    const forget = (): void => {
      this.#works.delete(work);
    };
    this.#works.add(work);
    work.then(forget, forget);
  }

  async ended(): Promise<void> {
    await Promise.allSettled(this.#works);
  }
}
