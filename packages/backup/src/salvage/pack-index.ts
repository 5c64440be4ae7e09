// The index of a pack that may be damaged: wherever near its end one stands that matches its own checksum and lists blocks
// from the pack's header up to itself. The trailer, which only points to it, is not needed.
import { isNadbError, readU32, sha256 } from "@nadb/core";
import {
  HEADER_BYTES,
  INDEX_ENTRY_BYTES,
  INDEX_HEADER_BYTES,
  INDEX_MARK,
  type IndexEntry,
  SHA256_BYTES,
} from "../pack/format.js";
import { sameBytes } from "../pack/reader.js";
import { checkIndex, entryAt } from "../pack/seek.js";
import type { FileBytes } from "./file-bytes.js";

/** An index of 800,000 blocks. */
const TAIL_BYTES = 16 << 20;
const SMALLEST_BYTES = INDEX_HEADER_BYTES + SHA256_BYTES;

/** Undefined where none is left, or blocks do not stand where it has them. */
export async function findIndex(file: FileBytes): Promise<readonly IndexEntry[] | undefined> {
  const start = Math.max(HEADER_BYTES, file.size - TAIL_BYTES);
  const tail = await file.bytes(start, file.size);
  for (let at = tail.length - SMALLEST_BYTES; at >= 0; at--) {
    const length = indexLength(tail, at);
    if (length === undefined || at + length > tail.length) continue;
    const index = tail.subarray(at, at + length);
    const count = countIn(index, start + at);
    if (count !== undefined) return Array.from({ length: count }, (_, i) => entryAt(index, i));
  }
  return undefined;
}

/** Of an index that begins there, by its count and its first entry; undefined where none can begin. */
export function indexLength(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] !== INDEX_MARK || at + INDEX_HEADER_BYTES > bytes.length) return undefined;
  const count = readU32(bytes, at + 1);
  const first = at + INDEX_HEADER_BYTES;
  if (count > 0 && !isFirstEntry(bytes, first)) return undefined;
  return SMALLEST_BYTES + count * INDEX_ENTRY_BYTES;
}

/** Its offset is that of the first block of every pack. */
const isFirstEntry = (bytes: Uint8Array, at: number): boolean =>
  at + 8 <= bytes.length && readU32(bytes, at) === 0 && readU32(bytes, at + 4) === HEADER_BYTES;

/** Whether it matches its own checksum, wherever it stands. */
export const isSoundIndex = (index: Uint8Array): boolean =>
  sameBytes(index.subarray(-SHA256_BYTES), sha256(index.subarray(0, -SHA256_BYTES)));

/** Of blocks; undefined when it is no index that can stand there. */
function countIn(index: Uint8Array, offset: number): number | undefined {
  try {
    return checkIndex(index, offset);
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return undefined;
    throw error;
  }
}
