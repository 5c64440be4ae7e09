// Writing one record or tombstone with all its indexes. Commits, sweeps and staged loads all come through
// here, so records, feed, tag index, expiry index, counts and digest can not disagree.
import type { EncodedChange, StoredRecord } from "../backend.js";
import { readU64, writeU64 } from "../bytes.js";
import {
  changeVersion,
  decodeRecord,
  encodeTombstone,
  recordExpiresAt,
  recordKey,
  recordValueLength,
} from "../record.js";
import type { Totals } from "./entry.js";
import type { Space } from "./layout.js";
import type { ReadTransaction, WriteTransaction } from "./ordered-kv.js";

const NOTHING = new Uint8Array(0);

/** The live record of a key, expired or not; borrowed (ordered-kv.ts). */
export const readRecord = (
  tx: ReadTransaction,
  space: Space,
  key: string,
): EncodedChange | undefined => tx.get(space.live(key));

export const isExpired = (record: EncodedChange, now: number): boolean => {
  const expiresAt = recordExpiresAt(record);
  return expiresAt !== 0 && expiresAt <= now;
};

/** What the indexes go by. */
export interface RecordFacts {
  readonly key: string;
  readonly tags: readonly string[];
  readonly expiresAt?: number | undefined;
}

/** After so many look-ups of a tombstone in vain it pays to ask whether there is any. */
const VAIN_LOOKUPS = 4;

/** One transaction's work on one space. Tag counts gather in memory; `finish` writes them. */
export class Applier {
  readonly #tagCounts = new Map<string, number>();
  #vainLookups = 0;
  #noTombstones = false;

  constructor(
    readonly tx: WriteTransaction,
    readonly space: Space,
    readonly totals: Totals,
  ) {}

  /**
   * Takes the record of `key` out of feed and totals and answers it, its value no longer readable. REQUIRES: `putIn` or `delete` of the
   * same key follows; they settle its indexes.
   */
  takeOut(key: string): StoredRecord | undefined {
    const { tx, space, totals } = this;
    const encoded = readRecord(tx, space, key);
    if (encoded === undefined) return undefined;
    const record = decodeRecord(encoded);
    totals.digest.toggle(encoded);
    totals.count -= 1;
    totals.bytes -= recordValueLength(encoded);
    tx.delete(space.feed(record.version)); // from here on `encoded`, and so the record's value, is invalid
    return record;
  }

  /** REQUIRES: `old` is what `takeOut` answered; `encoded` encodes the record with these facts, its version new. */
  putIn(old: StoredRecord | undefined, facts: RecordFacts, encoded: EncodedChange): void {
    const { tx, space, totals } = this;
    const { key } = facts;
    const version = changeVersion(encoded);
    if (old === undefined) this.#forgetTombstone(key);
    tx.put(space.live(key), encoded);
    tx.put(space.feed(version), recordKey(encoded));
    this.#moveTags(key, old, facts);
    this.#moveExpiry(key, old?.expiresAt, facts.expiresAt);
    totals.digest.toggle(encoded);
    totals.count += 1;
    totals.bytes += recordValueLength(encoded);
    totals.version = Math.max(totals.version, version);
  }

  /** Leaves a tombstone also where there was no record. Answers the record that went. */
  delete(key: string, version: number, deletedAt: number): StoredRecord | undefined {
    const { tx, space, totals } = this;
    const old = this.takeOut(key);
    if (old === undefined) {
      this.#forgetTombstone(key);
    } else {
      tx.delete(space.live(key));
      this.#moveTags(key, old, undefined);
      this.#moveExpiry(key, old.expiresAt, undefined);
    }
    this.#noTombstones = false;
    tx.put(space.grave(version), encodeTombstone({ key, version, deletedAt }));
    tx.put(space.dead(key), encodeNumber(version));
    totals.version = version;
    return old;
  }

  finish(): void {
    for (const [tag, change] of this.#tagCounts) {
      if (change === 0) continue;
      const stored = this.tx.get(this.space.tagCount(tag));
      const count = (stored === undefined ? 0 : readU64(stored, 0)) + change;
      if (count > 0) this.tx.put(this.space.tagCount(tag), encodeNumber(count));
      else this.tx.delete(this.space.tagCount(tag));
    }
    this.#tagCounts.clear();
  }

  #forgetTombstone(key: string): void {
    if (this.#noTombstones) return;
    const dead = this.tx.get(this.space.dead(key));
    if (dead === undefined) {
      if (++this.#vainLookups === VAIN_LOOKUPS) this.#noTombstones = !this.#hasTombstones();
      return;
    }
    this.tx.delete(this.space.grave(readU64(dead, 0)));
    this.tx.delete(this.space.dead(key));
  }

  #hasTombstones(): boolean {
    for (const _ of this.tx.keys(this.space.graves())) return true;
    return false;
  }

  #moveTags(key: string, old: RecordFacts | undefined, record: RecordFacts | undefined): void {
    const stays = new Set(record?.tags);
    for (const tag of old?.tags ?? []) {
      this.#count(tag, -1);
      if (!stays.has(tag)) this.tx.delete(this.space.tag(tag, key));
    }
    const written = new Set(old?.expiresAt === record?.expiresAt ? old?.tags : []);
    for (const tag of record?.tags ?? []) {
      this.#count(tag, +1);
      if (!written.has(tag))
        this.tx.put(this.space.tag(tag, key), encodeNumber(record?.expiresAt ?? 0));
    }
  }

  #moveExpiry(key: string, from: number | undefined, to: number | undefined): void {
    if (from === to) return;
    if (from !== undefined) this.tx.delete(this.space.expiry(from, key));
    if (to !== undefined) this.tx.put(this.space.expiry(to, key), NOTHING);
  }

  #count(tag: string, change: number): void {
    this.#tagCounts.set(tag, (this.#tagCounts.get(tag) ?? 0) + change);
  }
}

function encodeNumber(number: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU64(bytes, 0, number);
  return bytes;
}
