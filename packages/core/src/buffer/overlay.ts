// What is buffered, oldest layer first. Writes go to the last one, the fresh; those before it are frozen and leave
// in order, each once it is committed. INVARIANT: the layers laid over the namespace below, whether or not it has
// the commit of the oldest layer already, are what readers see.
import { copyBytes } from "#slab";
import type { Put, StoredRecord } from "../backend.js";
import { compareUtf8 } from "../bytes.js";
import { copySeal, type Entry, isReadable } from "./entry.js";
import { Layer } from "./layer.js";

/** Versions begin at 1: this one says that the record has not been committed yet. */
const NOT_COMMITTED = 0;

export class Overlay {
  #layers: Layer[] = [];
  #fresh = new Layer();
  #departures = 0;
  #sorted: readonly string[] | undefined;

  get fresh(): Layer {
    return this.#fresh;
  }

  get oldest(): Layer {
    return this.#layers[0] ?? this.#fresh;
  }

  /** The newest layer that holds something. */
  get newest(): Layer | undefined {
    return this.#fresh.size > 0 ? this.#fresh : this.#layers.at(-1);
  }

  get isEmpty(): boolean {
    return this.#layers.length === 0 && this.#fresh.size === 0;
  }

  /** A key in two layers counts twice. */
  get records(): number {
    return this.#layers.reduce((sum, layer) => sum + layer.size, this.#fresh.size);
  }

  get bytes(): number {
    return this.#layers.reduce((sum, layer) => sum + layer.bytes, this.#fresh.bytes);
  }

  /** Grows whenever a layer leaves: what was read before and after it does not fit together. */
  get departures(): number {
    return this.#departures;
  }

  /** Whether the layer still holds something that is to be committed. */
  holds(layer: Layer): boolean {
    return layer === this.#fresh ? layer.size > 0 : this.#layers.includes(layer);
  }

  find(key: string): Entry | undefined {
    let found = this.#fresh.get(key);
    for (let i = this.#layers.length - 1; found === undefined && i >= 0; i--) {
      found = (this.#layers[i] as Layer).get(key);
    }
    return found;
  }

  /** The latest entry of `key`, and the direct commits under way that come after it. */
  locate(key: string): { readonly entry: Entry | undefined; readonly commits: Promise<unknown>[] } {
    const commits: Promise<unknown>[] = [];
    for (const layer of [this.#fresh, ...this.#layers.toReversed()]) {
      const entry = layer.get(key);
      if (entry !== undefined) return { entry, commits };
      commits.push(...layer.commits.all());
    }
    return { entry: undefined, commits };
  }

  /** Answers the entry of the fresh layer that it takes the place of. */
  insert(entry: Entry): Entry | undefined {
    const old = this.#fresh.set(entry);
    if (old === undefined) this.#sorted = undefined;
    return old;
  }

  /** Takes an entry back that `insert` took in. */
  remove(entry: Entry, old: Entry | undefined): void {
    for (const layer of [...this.#layers, this.#fresh]) layer.unset(entry, old);
    this.#sorted = undefined;
  }

  /** Writes from now on go to a layer of their own. */
  freeze(): void {
    if (this.#fresh.size === 0) return;
    this.#layers.push(this.#fresh);
    this.#fresh = new Layer();
  }

  /** The oldest layer has been committed. */
  depart(): void {
    this.#layers.shift();
    this.#departures += 1;
    this.#sorted = undefined;
  }

  /** Makes one of all frozen layers. REQUIRES: nothing is to be committed between two of them. */
  mergeFrozen(): void {
    const [first, ...newer] = this.#layers;
    if (first === undefined || newer.length === 0) return;
    for (const layer of newer) first.absorb(layer);
    this.#layers = [first];
  }

  /** Every buffered key, in UTF-8 byte order. */
  sortedKeys(): readonly string[] {
    this.#sorted ??= this.#sortKeys();
    return this.#sorted;
  }

  /**
   * The record of `key` as readers see it over `stored`, the readable one below. Its times are those that a commit
   * at the time of its buffering would have given it.
   */
  record(key: string, stored: StoredRecord | undefined, now: number): StoredRecord | undefined {
    const entry = this.find(key);
    if (entry === undefined) return stored;
    const createdAt = this.#createdAt(key, stored?.createdAt, now);
    // `stored` may be this very write, committed a moment ago and so with a later time.
    return createdAt === undefined ? undefined : recordOf(entry, Math.min(createdAt, entry.at));
  }

  /** Undefined when the key can not be read. A record that overwrites a readable one keeps its time. */
  #createdAt(key: string, stored: number | undefined, now: number): number | undefined {
    let createdAt = stored;
    for (const layer of [...this.#layers, this.#fresh]) {
      const entry = layer.get(key);
      if (entry === undefined) continue;
      createdAt = isReadable(entry, now) ? (createdAt ?? entry.since) : undefined;
    }
    return createdAt;
  }

  #sortKeys(): string[] {
    if (this.#layers.length === 0) return [...this.#fresh.keys()].sort(compareUtf8);
    const keys = new Set(this.#fresh.keys());
    for (const layer of this.#layers) for (const key of layer.keys()) keys.add(key);
    return [...keys].sort(compareUtf8);
  }
}

/** In bytes of the caller's own. */
function recordOf({ mutation, at }: Entry, createdAt: number): StoredRecord {
  const { key, value, tags = [], expiresAt, seal } = mutation as Put;
  return {
    key,
    value: copyBytes(value),
    tags: [...tags],
    createdAt,
    updatedAt: at,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    version: NOT_COMMITTED,
    ...(seal === undefined ? {} : { seal: copySeal(seal) }),
  };
}
