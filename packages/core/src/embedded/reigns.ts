// Which history a version belongs to. A store can be copied as files, and the copy goes on by itself: then both hand out the
// same versions for different changes. So whoever opens a store begins a reign with its first change: a random name, kept
// with the change. A checkpoint names the reign it was made in, and is served where that reign reached it.
// INVARIANT: of two stores that have parted, neither has a reign of the other's beyond the version at which they parted.
import { readU64, toHex, writeU64 } from "../bytes.js";
import { type NamespaceEntry, NO_REIGN } from "./entry.js";
import { numberOfKey, Space } from "./layout.js";
import type { ReadTransaction, WriteTransaction } from "./ordered-kv.js";

const REIGN_BYTES = NO_REIGN.length;
/** Reigns that ended long ago are forgotten, but not within a day: each process that writes begins one. */
const MIN_REMEMBERED_MS = 86_400_000;
const FORGET_STEP = 8;

/** The reigns of one opening of a store. */
export class Reigns {
  #own: Uint8Array | undefined;
  readonly #begun = new Set<number>();

  constructor(
    readonly random: (bytes: Uint8Array) => void,
    readonly rememberedMs: number,
  ) {}

  /** Drawn with the first change. */
  get own(): Uint8Array {
    if (this.#own === undefined) {
      this.#own = new Uint8Array(REIGN_BYTES);
      this.random(this.#own);
    }
    return this.#own;
  }

  /**
   * Begins a reign if none was begun since the store was opened; later changes go on in whatever reign there is, be it
   * another process's. `before` is the version before the changes. REQUIRES: the entry is written behind this.
   */
  begin(tx: WriteTransaction, entry: NamespaceEntry, before: number, now: number): void {
    if (entry.version === before || this.#begun.has(entry.space)) return;
    if (isSame(entry.reign, this.own)) return;
    const space = new Space(entry.space);
    if (!isSame(entry.reign, NO_REIGN)) tx.put(space.reign(before), encodeEnd(entry.reign, now));
    entry.reign = this.own;
    forgetOld(tx, space, now - Math.max(this.rememberedMs, MIN_REMEMBERED_MS));
  }

  /** The transaction of a change to this space has become durable. */
  hasBegun(space: number): void {
    this.#begun.add(space);
  }
}

/** Whether the store had the reign, in hexadecimal, when it came to this version. */
export function hadReign(
  tx: ReadTransaction,
  entry: NamespaceEntry,
  reign: string,
  version: number,
): boolean {
  if (toHex(entry.reign) === reign) return true;
  const ends = tx.range(new Space(entry.space).reignsFrom(version));
  for (const { value } of ends) if (toHex(value.subarray(0, REIGN_BYTES)) === reign) return true;
  return false;
}

function encodeEnd(reign: Uint8Array, now: number): Uint8Array {
  const bytes = new Uint8Array(REIGN_BYTES + 8);
  bytes.set(reign);
  writeU64(bytes, REIGN_BYTES, now);
  return bytes;
}

function forgetOld(tx: WriteTransaction, space: Space, endedBefore: number): void {
  const old: number[] = [];
  for (const { key, value } of tx.range(space.reignsFrom(0))) {
    if (old.length === FORGET_STEP || readU64(value, REIGN_BYTES) >= endedBefore) break;
    old.push(numberOfKey(key));
  }
  for (const version of old) tx.delete(space.reign(version));
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.every((byte, i) => byte === other[i]);
