// The namespace entry: generation, counters and digest of a namespace, in one value. Every commit reads and
// writes it once, in the same transaction as the records, so it is true at every instant.
//
//   entry := space:u32 generation:u64hex counter:u64 version:u64 count:u64 bytes:u64 trimmed:u64 digest:u8[32]
import type { Checkpoint, Head } from "../backend.js";
import { ByteReader, toHex, writeU32, writeU64 } from "../bytes.js";
import { DIGEST_BYTES, EMPTY_DIGEST, StateDigest } from "../digest.js";
import { NadbError } from "../errors.js";
import { quote } from "../limits.js";

const GENERATION_BYTES = 8;
const ENTRY_BYTES = 4 + GENERATION_BYTES + 5 * 8 + DIGEST_BYTES;

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
}

export function newEntry(space: number, generation: Uint8Array, counter: number): NamespaceEntry {
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
  };
}

export function newGeneration(random: (bytes: Uint8Array) => void): Uint8Array {
  const generation = new Uint8Array(GENERATION_BYTES);
  random(generation);
  return generation;
}

export function encodeEntry(entry: NamespaceEntry): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  let offset = writeU32(bytes, 0, entry.space);
  bytes.set(entry.generation, offset);
  offset += GENERATION_BYTES;
  for (const number of [entry.counter, entry.version, entry.count, entry.bytes, entry.trimmed]) {
    offset = writeU64(bytes, offset, number);
  }
  bytes.set(entry.digest.bytes(), offset);
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
  };
  reader.end();
  return entry;
}

/** The cut of a namespace that was never written to. Its content is empty, so any feed serves it. */
const EMPTY_CHECKPOINT: Checkpoint = "empty";

const EMPTY_HEAD: Head = {
  checkpoint: EMPTY_CHECKPOINT,
  generation: "",
  version: 0,
  count: 0,
  bytes: 0,
  digest: EMPTY_DIGEST,
};

const CHECKPOINT = /^([0-9a-f]{16})-(\d{1,16})$/;

export const checkpointOf = (entry: NamespaceEntry): Checkpoint =>
  `${toHex(entry.generation)}-${entry.version}`;

export function headOf(entry: NamespaceEntry | undefined): Head {
  if (entry === undefined) return EMPTY_HEAD;
  return {
    checkpoint: checkpointOf(entry),
    generation: toHex(entry.generation),
    version: entry.version,
    count: entry.count,
    bytes: entry.bytes,
    digest: entry.digest.toHex(),
  };
}

/** The version a run begins behind; throws when the feed of `entry` does not reach back to `since`. */
export function startOfRun(entry: NamespaceEntry | undefined, since: Checkpoint | null): number {
  if (since === null || since === EMPTY_CHECKPOINT) return 0;
  const version = versionIn(entry, since);
  if (entry === undefined || version < entry.trimmed) {
    throw expired(since, "tombstones behind it have been trimmed");
  }
  return version;
}

/** The version of a checkpoint of the entry's own generation; throws for any other. */
export function versionIn(entry: NamespaceEntry | undefined, checkpoint: Checkpoint): number {
  if (checkpoint === EMPTY_CHECKPOINT) return 0;
  const match = CHECKPOINT.exec(checkpoint);
  if (match === null) throw expired(checkpoint, "it is none of this backend's");
  const version = Number(match[2]);
  if (entry === undefined || match[1] !== toHex(entry.generation)) {
    throw expired(checkpoint, "the namespace's content has been replaced since");
  }
  if (version > entry.version) throw expired(checkpoint, "it lies ahead of this namespace");
  return version;
}

function expired(checkpoint: Checkpoint, why: string): NadbError {
  return new NadbError(
    "NADB_CHECKPOINT_EXPIRED",
    `checkpoint ${quote(checkpoint)} can not be served: ${why}`,
    {
      hint: "take a full backup; incrementals can follow on it",
    },
  );
}
