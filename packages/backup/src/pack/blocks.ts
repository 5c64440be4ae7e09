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
  readonly raw: Uint8Array;
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
      yield joinChanges(changes, length);
      changes = [];
      length = 0;
    }
  }
  if (changes.length > 0) yield joinChanges(changes, length);
}

function joinChanges(changes: readonly EncodedChange[], length: number): RawBlock {
  if (length > MAX_BLOCK_BYTES) throw tooLarge(changes.at(-1) as EncodedChange);
  const raw = new Uint8Array(length);
  let offset = 0;
  for (const change of changes) {
    offset = writeU32(raw, offset, change.length);
    raw.set(change, offset);
    offset += change.length;
  }
  return { raw, changeCount: changes.length };
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
