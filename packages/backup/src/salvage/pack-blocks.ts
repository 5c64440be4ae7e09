// What is left of a damaged pack. By its index, where that is whole, each block is looked for where it must be; without one
// the blocks are walked, and behind damage the next place is searched where a block, or the end, matches its own checksum.
import { corruption, type EncodedChange, isNadbError, NadbError } from "@nadb/core";
import { ChunkReader } from "../pack/chunk-reader.js";
import {
  BLOCK_MARK,
  type BlockHeader,
  decodeHeader,
  HEADER_BYTES,
  type IndexEntry,
} from "../pack/format.js";
import { readBlock, unpackBlock } from "../pack/reader.js";
import type { FileBytes } from "./file-bytes.js";
import { findIndex } from "./pack-index.js";
import { blockBytes, endsAt, nextPlace } from "./pack-scan.js";
import { checkChanges, type Hole, joined, type Piece } from "./piece.js";

/** Throws NADB_NEWER_FORMAT when it says that it is newer, that may be, and nothing in it is ours. */
export async function* walkPack(
  file: FileBytes,
  mayBeNewer: boolean,
): AsyncGenerator<Piece, void, undefined> {
  const index = await findIndex(file);
  let isOurs = false;
  for await (const piece of index === undefined ? walkBlocks(file) : walkListed(file, index)) {
    isOurs ||= piece.type === "changes";
    yield piece;
  }
  if (mayBeNewer && !isOurs) await checkNotNewer(file);
}

async function checkNotNewer(file: FileBytes): Promise<void> {
  try {
    decodeHeader(await file.bytes(0, HEADER_BYTES));
  } catch (error) {
    if (isNadbError(error, "NADB_NEWER_FORMAT")) throw error;
  }
}

async function* walkListed(
  file: FileBytes,
  index: readonly IndexEntry[],
): AsyncGenerator<Piece, void, undefined> {
  let hole: Hole | undefined;
  let last: EncodedChange | undefined;
  for (const [number, entry] of index.entries()) {
    const found = await blockAt(file, entry.offset, last);
    if (found instanceof NadbError || !isListed(found, entry)) {
      hole = joined(hole, listedHole(number, index, found));
      continue;
    }
    if (hole !== undefined) yield { type: "hole", hole };
    hole = undefined;
    yield { type: "changes", changes: found.changes, isProven: true };
    last = found.changes.at(-1);
  }
  if (hole !== undefined) yield { type: "hole", hole };
}

const isListed = (
  { header }: Block,
  { changeCount, rawLength, storedLength }: IndexEntry,
): boolean =>
  header.changeCount === changeCount &&
  header.rawLength === rawLength &&
  header.storedLength === storedLength;

function listedHole(number: number, index: readonly IndexEntry[], found: Block | NadbError): Hole {
  const { offset, storedLength, changeCount } = index[number] as IndexEntry;
  const why = found instanceof NadbError ? found.message : "it is another than the index lists";
  const bytes = { start: offset, end: offset + blockBytes(storedLength) };
  return { what: "blocks", first: number, count: 1, bytes, changes: changeCount, why };
}

async function* walkBlocks(file: FileBytes): AsyncGenerator<Piece, void, undefined> {
  let at = HEADER_BYTES;
  let first: number | null = 0;
  let last: EncodedChange | undefined;
  for (;;) {
    const found = await blockAt(file, at, last);
    if (!(found instanceof NadbError)) {
      yield { type: "changes", changes: found.changes, isProven: true };
      last = found.changes.at(-1);
      at = found.end;
      if (first !== null) first++;
      continue;
    }
    if (await endsAt(file, at)) return;
    const next = await nextPlace(file, at, async (place) => isBlockAt(file, place, last));
    const bytes = { start: Math.min(at, file.size), end: next ?? file.size };
    const hole: Hole = {
      what: "blocks",
      first,
      count: null,
      bytes,
      changes: null,
      why: found.message,
    };
    yield { type: "hole", hole };
    if (next === undefined) return;
    at = next;
    first = null;
  }
}

interface Block {
  readonly header: BlockHeader;
  readonly changes: readonly EncodedChange[];
  /** In the file. */
  readonly end: number;
}

/** The block, or why there is none. @param after the last change before it. */
async function blockAt(
  file: FileBytes,
  offset: number,
  after: EncodedChange | undefined,
): Promise<Block | NadbError> {
  if (offset >= file.size) return corruption(`the file ends at byte ${file.size}`);
  const reader = new ChunkReader(file.stream(offset), file.size - offset);
  try {
    const mark = (await reader.take(1, "block"))[0];
    if (mark !== BLOCK_MARK) return corruption(`no block at byte ${offset}`);
    const { header, payload } = await readBlock(reader, offset);
    const changes = await unpackBlock({ offset, header, payload });
    checkChanges(changes, after);
    return { header, changes, end: offset + blockBytes(header.storedLength) };
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return corruption(error.message);
    throw error;
  } finally {
    await reader.close();
  }
}

const isBlockAt = async (
  file: FileBytes,
  offset: number,
  after: EncodedChange | undefined,
): Promise<boolean> => !((await blockAt(file, offset, after)) instanceof NadbError);
