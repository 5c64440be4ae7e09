// Reads a pack as a stream and checks all of it: lengths, checksums, index, trailer, the end of the file.
import { corruption, type EncodedChange, isTombstone, sha256 } from "@nadb/core";
import { mapInOrder } from "../pipeline.js";
import { splitChanges } from "./blocks.js";
import { ChunkReader } from "./chunk-reader.js";
import { type Codec, unpackPayload } from "./codecs.js";
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MARK,
  type BlockHeader,
  decodeBlockHeader,
  decodeHeader,
  decodeTrailer,
  encodeIndex,
  HEADER_BYTES,
  INDEX_MARK,
  type IndexEntry,
  SHA256_BYTES,
  TRAILER_BYTES,
  type Trailer,
} from "./format.js";
import { blockChecksum } from "./writer.js";

export interface UnpackOptions {
  /** Blocks unpacked at once. Default 4. */
  readonly ahead?: number;
  /** The manifest's: blocks are packed by it, or stored as they are. Default: any. */
  readonly codec?: Codec;
}

/**
 * The changes of a pack, a block at a time, in feed order. Throws NADB_CORRUPTION or NADB_NEWER_FORMAT at the
 * first thing wrong; only an iteration that reaches its end has seen a whole pack.
 */
export async function* decodePack(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  { ahead, codec }: UnpackOptions = {},
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  const reader = new ChunkReader(chunks, size);
  const end: { trailer?: Trailer } = {};
  let tombstoneCount = 0;
  let recordCount = 0;
  try {
    decodeHeader(await reader.take(HEADER_BYTES, "pack header"));
    const blocks = mapInOrder(
      readBlocks(reader, end),
      ({ header }) => header.rawLength,
      (block) => unpackBlock(block, codec),
      ahead,
    );
    for await (const changes of blocks) {
      for (const change of changes) isTombstone(change) ? tombstoneCount++ : recordCount++;
      yield changes;
    }
    if (end.trailer?.recordCount !== recordCount || end.trailer.tombstoneCount !== tombstoneCount) {
      throw corruption("the trailer counts other changes than the blocks hold");
    }
  } finally {
    await reader.close();
  }
}

export interface StoredBlock {
  readonly offset: number;
  readonly header: BlockHeader;
  readonly payload: Uint8Array;
}

/** Throws NADB_CORRUPTION naming the block. */
export async function unpackBlock(
  { offset, header, payload }: StoredBlock,
  codec?: Codec,
): Promise<EncodedChange[]> {
  const raw = await unpackPayload(header, payload, codec).catch((error: unknown) => {
    throw corruption(`block at byte ${offset}: ${(error as Error).message}`);
  });
  return splitChanges(raw, header.changeCount);
}

async function* readBlocks(
  reader: ChunkReader,
  end: { trailer?: Trailer },
): AsyncGenerator<StoredBlock, void, undefined> {
  const entries: IndexEntry[] = [];
  for (;;) {
    const offset = reader.offset;
    const mark = (await reader.take(1, "block"))[0];
    if (mark === INDEX_MARK) {
      end.trailer = await readEnd(reader, offset, entries);
      return;
    }
    if (mark !== BLOCK_MARK) throw corruption(`neither block nor index at byte ${offset}`);
    const { header, payload } = await readBlock(reader, offset);
    const { changeCount, rawLength, storedLength } = header;
    entries.push({ offset, changeCount, rawLength, storedLength });
    yield { offset, header, payload };
  }
}

/** REQUIRES: the reader stands behind the block's mark, which is at `offset` in the file. */
export async function readBlock(
  reader: ChunkReader,
  offset: number,
): Promise<Omit<StoredBlock, "offset">> {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES);
  bytes[0] = BLOCK_MARK;
  bytes.set(await reader.take(BLOCK_HEADER_BYTES - 1, "block header"), 1);
  const header = decodeBlockHeader(bytes);
  const payload = await reader.take(header.storedLength, "block payload");
  const checksum = await reader.take(SHA256_BYTES, "block checksum");
  if (!sameBytes(checksum, blockChecksum(bytes, payload))) {
    throw corruption(`the block at byte ${offset} does not match its checksum`);
  }
  return { header, payload };
}

/** The index must list exactly the blocks seen, so it is compared, not decoded. */
async function readEnd(
  reader: ChunkReader,
  indexOffset: number,
  entries: readonly IndexEntry[],
): Promise<Trailer> {
  const expected = encodeIndex(entries);
  const found = await reader.take(expected.length - 1, "index");
  const checksum = await reader.take(SHA256_BYTES, "index checksum");
  if (!sameBytes(found, expected.subarray(1)) || !sameBytes(checksum, sha256(expected))) {
    throw corruption(`the index at byte ${indexOffset} does not match the blocks before it`);
  }
  const trailer = decodeTrailer(await reader.take(TRAILER_BYTES, "trailer"));
  if (trailer.indexOffset !== indexOffset) throw corruption("the trailer points beside the index");
  await reader.end();
  return trailer;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
