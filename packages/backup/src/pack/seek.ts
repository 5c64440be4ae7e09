// Reads single blocks of a pack by its index, without the rest. INVARIANT: what is answered stood in a block that matches
// its own checksum, at the place where an index that matches its own has it. What was not read is not proven.
import { ByteReader, corruption, type EncodedChange, sha256 } from "@nadb/core";
import { ChunkReader } from "./chunk-reader.js";
import type { Codec } from "./codecs.js";
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MARK,
  type BlockHeader,
  decodeHeader,
  decodeTrailer,
  HEADER_BYTES,
  INDEX_ENTRY_BYTES,
  INDEX_HEADER_BYTES,
  INDEX_MARK,
  type IndexEntry,
  MAX_BLOCK_BYTES,
  SHA256_BYTES,
  TRAILER_BYTES,
  type Trailer,
} from "./format.js";
import { readBlock, sameBytes, unpackBlock } from "./reader.js";

/** The file's bytes from `start` up to `end`. */
export type ReadRange = (start: number, end: number) => AsyncIterable<Uint8Array>;

/** Of a block, besides its payload. */
const AROUND_BYTES = BLOCK_HEADER_BYTES + SHA256_BYTES;

export class SeekablePack {
  private constructor(
    readonly trailer: Trailer,
    readonly blockCount: number,
    readonly read: ReadRange,
    readonly index: Uint8Array,
    readonly codec: Codec | undefined,
  ) {}

  /**
   * Throws NADB_CORRUPTION unless the index lists blocks that fill a file of `size` bytes, or NADB_NEWER_FORMAT.
   *
   * @param codec the manifest's: blocks are packed by it, or stored as they are. Left out: by any.
   */
  static async open(read: ReadRange, size: number, codec?: Codec): Promise<SeekablePack> {
    const indexEnd = size - TRAILER_BYTES;
    if (indexEnd < HEADER_BYTES) throw corruption(`a pack has more than ${size} bytes`);
    decodeHeader(await take(read, 0, HEADER_BYTES, "pack header"));
    const trailer = decodeTrailer(await take(read, indexEnd, size, "trailer"));
    const { indexOffset } = trailer;
    if (indexOffset < HEADER_BYTES || indexOffset > indexEnd - INDEX_HEADER_BYTES - SHA256_BYTES)
      throw corruption("the trailer points beside the index");
    const index = await take(read, indexOffset, indexEnd, "index");
    return new SeekablePack(trailer, checkIndex(index, indexOffset), read, index, codec);
  }

  /** The changes of a block, in feed order. REQUIRES: `number` is from 0 to `blockCount` - 1. */
  async block(number: number): Promise<readonly EncodedChange[]> {
    const entry = entryAt(this.index, number);
    const { offset } = entry;
    const length = AROUND_BYTES + entry.storedLength;
    const reader = new ChunkReader(this.read(offset, offset + length), length);
    try {
      const mark = (await reader.take(1, "block"))[0];
      if (mark !== BLOCK_MARK) throw corruption(`no block at byte ${offset}`);
      const { header, payload } = await readBlock(reader, offset);
      checkListed(header, entry);
      return await unpackBlock({ offset, header, payload }, this.codec);
    } finally {
      await reader.close();
    }
  }
}

async function take(
  read: ReadRange,
  start: number,
  end: number,
  what: string,
): Promise<Uint8Array> {
  const reader = new ChunkReader(read(start, end), end - start);
  try {
    return await reader.take(end - start, what);
  } finally {
    await reader.close();
  }
}

/** Answers how many blocks there are: one behind the other, from the pack's header up to the index. */
export function checkIndex(bytes: Uint8Array, indexOffset: number): number {
  const what = `the index at byte ${indexOffset}`;
  const listed = bytes.subarray(0, -SHA256_BYTES);
  if (!sameBytes(bytes.subarray(-SHA256_BYTES), sha256(listed)))
    throw corruption(`${what} does not match its checksum`);
  const reader = new ByteReader(listed, "index");
  if (reader.u8() !== INDEX_MARK) throw corruption(`${what} is none`);
  const blockCount = reader.u32();
  if (reader.remaining !== blockCount * INDEX_ENTRY_BYTES)
    throw corruption(`${what} does not hold ${blockCount} entries`);
  let end = HEADER_BYTES;
  for (let i = 0; i < blockCount; i++) {
    const { offset, storedLength } = entryAt(bytes, i);
    if (offset !== end || storedLength > MAX_BLOCK_BYTES)
      throw corruption(`${what} has block ${i} where it can not be`);
    end += AROUND_BYTES + storedLength;
  }
  if (end !== indexOffset) throw corruption(`${what} does not list all blocks`);
  return blockCount;
}

export function entryAt(index: Uint8Array, number: number): IndexEntry {
  const at = INDEX_HEADER_BYTES + number * INDEX_ENTRY_BYTES;
  const reader = new ByteReader(index, "index", at);
  const offset = reader.u64();
  return {
    offset,
    changeCount: reader.u32(),
    rawLength: reader.u32(),
    storedLength: reader.u32(),
  };
}

function checkListed(header: BlockHeader, entry: IndexEntry): void {
  const { offset, changeCount, rawLength, storedLength } = entry;
  const isListed =
    header.changeCount === changeCount &&
    header.rawLength === rawLength &&
    header.storedLength === storedLength;
  if (!isListed) throw corruption(`the block at byte ${offset} is another than the index lists`);
}
