// Finding the way in a pack without an index: where it ends, and where behind damage the next block begins. INVARIANT: what
// lies in a pack that is itself the value of a record is passed over; its blocks are nobody's here.
import { isNadbError } from "@nadb/core";
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MARK,
  decodeBlockHeader,
  decodeTrailer,
  encodeHeader,
  encodeTrailer,
  INDEX_MARK,
  SHA256_BYTES,
  TRAILER_BYTES,
} from "../pack/format.js";
import type { FileBytes } from "./file-bytes.js";
import { indexLength, isSoundIndex } from "./pack-index.js";

const WINDOW_BYTES = 1 << 20;
/** What is looked at of a place before it is read. */
const LOOK_BYTES = 16;
const PACK_MAGIC = encodeHeader().subarray(0, 8);
const END_MAGIC = encodeTrailer({ indexOffset: 0, recordCount: 0, tombstoneCount: 0 }).subarray(-8);

/** Of a whole block. */
export const blockBytes = (storedLength: number): number =>
  BLOCK_HEADER_BYTES + storedLength + SHA256_BYTES;

/** Whether no block follows: a sound index stands there, or a trailer says that the index does. */
export async function endsAt(file: FileBytes, offset: number): Promise<boolean> {
  return (await isIndexAt(file, offset)) || (await isSaidToEndAt(file, offset));
}

async function isIndexAt(file: FileBytes, offset: number): Promise<boolean> {
  const length = indexLength(await file.bytes(offset, offset + LOOK_BYTES), 0);
  if (length === undefined || offset + length > file.size) return false;
  return isSoundIndex(await file.bytes(offset, offset + length));
}

async function isSaidToEndAt(file: FileBytes, offset: number): Promise<boolean> {
  try {
    const bytes = await file.bytes(Math.max(0, file.size - TRAILER_BYTES), file.size);
    return decodeTrailer(bytes).indexOffset === offset;
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return false;
    throw error;
  }
}

/** The next offset behind `from` where a sound block begins or the pack ends; undefined where none is left. */
export async function nextPlace(
  file: FileBytes,
  from: number,
  isBlock: (offset: number) => Promise<boolean>,
): Promise<number | undefined> {
  for await (const offset of placesBehind(file, from))
    if ((await isBlock(offset)) || (await endsAt(file, offset))) return offset;
  return undefined;
}

/** First where the header at `from` says that its block ends: what is damaged may hold anything. */
async function* placesBehind(
  file: FileBytes,
  from: number,
): AsyncGenerator<number, void, undefined> {
  const said = lengthIn(await file.bytes(from, from + LOOK_BYTES), 0);
  if (said !== undefined && from + said <= file.size) yield from + said;
  for (let start = from + 1; start < file.size; ) {
    const window = await file.bytes(start, start + WINDOW_BYTES + LOOK_BYTES);
    let next = start + WINDOW_BYTES;
    for (let at = 0; at < Math.min(window.length, WINDOW_BYTES); at++) {
      const length = lengthIn(window, at);
      if (length !== undefined && start + at + length <= file.size) yield start + at;
      if (!stands(PACK_MAGIC, window, at)) continue;
      next = await behindEnd(file, start + at);
      break;
    }
    start = next;
  }
}

/** What a block or an index that begins there would take; undefined where none can begin. */
function lengthIn(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] === INDEX_MARK) return indexLength(bytes, at);
  if (bytes[at] !== BLOCK_MARK || at + BLOCK_HEADER_BYTES > bytes.length) return undefined;
  try {
    return blockBytes(decodeBlockHeader(bytes.subarray(at, at + BLOCK_HEADER_BYTES)).storedLength);
  } catch {
    return undefined; // no block has such a header
  }
}

const stands = (magic: Uint8Array, bytes: Uint8Array, at: number): boolean =>
  bytes[at] === magic[0] && magic.every((byte, i) => bytes[at + i] === byte);

/** Behind the end of the pack that begins at `offset` inside of this one; the file's where that is not found. */
async function behindEnd(file: FileBytes, offset: number): Promise<number> {
  for (let start = offset; start < file.size; start += WINDOW_BYTES) {
    const window = await file.bytes(start, start + WINDOW_BYTES + END_MAGIC.length);
    for (let at = 0; at + END_MAGIC.length <= window.length; at++)
      if (stands(END_MAGIC, window, at)) return start + at + END_MAGIC.length;
  }
  return file.size;
}
