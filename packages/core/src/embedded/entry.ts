// The namespace entry: generation, counters and digest of a namespace, in one value. Every commit reads and
// writes it once, in the same transaction as the records, so it is true at every instant.
//
//   entry := space:u32 generation:u8[8] counter:u64 version:u64 count:u64 bytes:u64 trimmed:u64 digest:u8[32] reign:u8[8]
//
// In layout 1 it ends before the reign.
import { ByteReader, writeU32, writeU64 } from "../bytes.js";
import { DIGEST_BYTES, StateDigest } from "../digest.js";

const GENERATION_BYTES = 8;
/** Of a store of layout 1. */
export const NO_REIGN = new Uint8Array(8);
const REIGN_OFFSET = 4 + GENERATION_BYTES + 5 * 8 + DIGEST_BYTES;

/** What one space holds. Mutable: a commit changes it in memory and writes it back at its end. */
export interface Totals {
  /** Version of the latest change. */
  version: number;
  count: number;
  bytes: number;
  readonly digest: StateDigest;
}

export interface NamespaceEntry extends Totals {
  readonly space: number;
  readonly generation: Uint8Array;
  /** Last version handed out in this namespace, to changes and to staged loads alike. */
  counter: number;
  /** Tombstones up to this version are forgotten. */
  trimmed: number;
  /** In which its latest change was made (reigns.ts). */
  reign: Uint8Array;
}

export function newEntry(
  space: number,
  generation: Uint8Array,
  counter: number,
  reign: Uint8Array,
): NamespaceEntry {
  const digest = new StateDigest();
  return {
    space,
    generation,
    counter,
    version: counter,
    count: 0,
    bytes: 0,
    trimmed: counter,
    digest,
    reign,
  };
}

export function newGeneration(random: (bytes: Uint8Array) => void): Uint8Array {
  const generation = new Uint8Array(GENERATION_BYTES);
  random(generation);
  return generation;
}

export function encodeEntry(entry: NamespaceEntry): Uint8Array {
  const bytes = new Uint8Array(REIGN_OFFSET + entry.reign.length);
  let offset = writeU32(bytes, 0, entry.space);
  bytes.set(entry.generation, offset);
  offset += GENERATION_BYTES;
  for (const number of [entry.counter, entry.version, entry.count, entry.bytes, entry.trimmed]) {
    offset = writeU64(bytes, offset, number);
  }
  bytes.set(entry.digest.bytes(), offset);
  bytes.set(entry.reign, REIGN_OFFSET);
  return bytes;
}

export function decodeEntry(bytes: Uint8Array): NamespaceEntry {
  const reader = new ByteReader(bytes, "namespace entry");
  const entry = {
    space: reader.u32(),
    generation: new Uint8Array(reader.bytes(GENERATION_BYTES)),
    counter: reader.u64(),
    version: reader.u64(),
    count: reader.u64(),
    bytes: reader.u64(),
    trimmed: reader.u64(),
    digest: new StateDigest(reader.bytes(DIGEST_BYTES)),
    reign: reader.remaining === 0 ? NO_REIGN : new Uint8Array(reader.bytes(NO_REIGN.length)),
  };
  reader.end();
  return entry;
}
