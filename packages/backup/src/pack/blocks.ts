// Changes to raw blocks and back.
import {
  changeKey,
  corruption,
  type EncodedChange,
  isSealed,
  NadbError,
  quote,
  readU32,
  writeU32,
} from "@nadb/core";
import { BLOCK_BYTES, MAX_BLOCK_BYTES } from "./format.js";

const LENGTH_BYTES = 4;

export interface RawBlock {
  /** The block's bytes, in pieces: a large change is not copied. */
  readonly parts: readonly Uint8Array[];
  readonly rawLength: number;
  readonly changeCount: number;
}

/** Gathers changes into blocks of about 1 MiB. */
export async function* gatherBlocks(
  pages: AsyncIterable<readonly EncodedChange[]>,
): AsyncGenerator<RawBlock, void, undefined> {
  let changes: EncodedChange[] = [];
  let length = 0;
  for await (const page of pages) {
    for (const change of page) {
      changes.push(change);
      length += LENGTH_BYTES + change.length;
      if (length < BLOCK_BYTES) continue;
      yield asBlock(changes, length);
      changes = [];
      length = 0;
    }
  }
  if (changes.length > 0) yield asBlock(changes, length);
}

function asBlock(changes: readonly EncodedChange[], rawLength: number): RawBlock {
  const changeCount = changes.length;
  const last = changes[changeCount - 1] as EncodedChange;
  if (rawLength > MAX_BLOCK_BYTES) throw tooLarge(last);
  const parts =
    last.length < BLOCK_BYTES / 2 ? [joinChanges(changes, rawLength)] : withLast(changes);
  return { parts, rawLength, changeCount };
}

/** Before a large change there is little: at most what a block holds. */
function withLast(changes: readonly EncodedChange[]): readonly Uint8Array[] {
  const last = changes.at(-1) as EncodedChange;
  const before = changes.slice(0, -1);
  const length = before.reduce((sum, change) => sum + LENGTH_BYTES + change.length, LENGTH_BYTES);
  const front = joinChanges(before, length);
  writeU32(front, length - LENGTH_BYTES, last.length);
  return [front, last];
}

/** Room of `length` bytes, filled from its beginning. */
function joinChanges(changes: readonly EncodedChange[], length: number): Uint8Array {
  const raw = new Uint8Array(length);
  let offset = 0;
  for (const change of changes) {
    offset = writeU32(raw, offset, change.length);
    raw.set(change, offset);
    offset += change.length;
  }
  return raw;
}

/** Better refused now than written into a pack that no reader takes. */
const tooLarge = (change: EncodedChange): NadbError =>
  new NadbError(
    "NADB_UNSUPPORTED",
    `the record ${quote(changeKey(change))} has ${change.length} bytes, a backup takes up to ${MAX_BLOCK_BYTES}`,
  );

/** The changes of a raw block, as views of it. Throws NADB_CORRUPTION unless they fill it exactly. */
export function splitChanges(raw: Uint8Array, changeCount: number): EncodedChange[] {
  const changes: EncodedChange[] = [];
  let offset = 0;
  while (offset < raw.length) {
    if (offset + LENGTH_BYTES > raw.length) throw corruption("a block ends inside a length");
    const end = offset + LENGTH_BYTES + readU32(raw, offset);
    if (end > raw.length) throw corruption("a change reaches beyond its block");
    const change = raw.subarray(offset + LENGTH_BYTES, end);
    if (isSealed(change)) throw corruption("a block holds a sealed record, which no pack does");
    changes.push(change);
    offset = end;
  }
  if (changes.length !== changeCount) {
    throw corruption(`a block holds ${changes.length} changes, its header says ${changeCount}`);
  }
  return changes;
}
