// Writes a pack as a stream: memory is the blocks under way, whatever the size of the run.
import { concatBytes, createSha256, type EncodedChange, sha256 } from "@nadb/core";
import { mapInOrder } from "../pipeline.js";
import { gatherBlocks, type RawBlock } from "./blocks.js";
import { type Codec, packPayload } from "./codecs.js";
import {
  encodeBlockHeader,
  encodeHeader,
  encodeIndex,
  encodeTrailer,
  type IndexEntry,
  SHA256_BYTES,
} from "./format.js";

export interface PackOptions {
  readonly codec: Codec;
  /** Records and tombstones of the run; asked once all changes have been taken. */
  readonly counts: () => { readonly recordCount: number; readonly tombstoneCount: number };
}

/** The file's bytes, in chunks. */
export async function* encodePack(
  pages: AsyncIterable<readonly EncodedChange[]>,
  options: PackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const entries: IndexEntry[] = [];
  const header = encodeHeader();
  yield header;
  let offset = header.length;
  const blocks = mapInOrder(
    gatherBlocks(pages),
    (block) => block.rawLength,
    (block) => encodeBlock(block, options.codec),
  );
  for await (const { entry, chunks } of blocks) {
    entries.push({ offset, ...entry });
    for (const chunk of chunks) {
      yield chunk;
      offset += chunk.length;
    }
  }
  const index = encodeIndex(entries);
  yield concatBytes([
    index,
    sha256(index),
    encodeTrailer({ indexOffset: offset, ...options.counts() }),
  ]);
}

interface EncodedBlock {
  readonly entry: Omit<IndexEntry, "offset">;
  readonly chunks: readonly Uint8Array[];
}

async function encodeBlock(block: RawBlock, wanted: Codec): Promise<EncodedBlock> {
  const { codec, parts, length } = await packPayload(block, wanted);
  const { changeCount, rawLength } = block;
  const entry = { changeCount, rawLength, storedLength: length };
  const header = encodeBlockHeader({ codec, ...entry });
  return { entry, chunks: [header, ...parts, blockChecksum(header, ...parts)] };
}

/** Over header and payload, in one pass. */
export function blockChecksum(...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = createSha256();
  for (const part of parts) hasher.update(part);
  return hasher.digest().subarray(0, SHA256_BYTES);
}
