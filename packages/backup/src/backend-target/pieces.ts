// Content in pieces: written under an id that nobody else has, read in order, removed. A length that is not the one that was
// written is an error, never data.
import { corruption, toHex } from "@nadb/core";
import { mapInOrder } from "../pipeline.js";
import { type Pieces, pieceKey, piecesPrefix } from "./layout.js";
import { commitAll, keysWith, put, type Room, remove } from "./room.js";

/** Commits under way at once; with the piece that is being gathered they bound the memory of a write. */
const WRITTEN_AT_ONCE = 4;
const REMOVED_AT_ONCE = 256;

export function newId({ random }: Room): string {
  const id = new Uint8Array(16);
  random(id);
  return toHex(id);
}

/** Answers how many bytes it has written. What is under way when it fails has ended by then. */
export async function writePieces(
  room: Room,
  id: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<number> {
  let number = 0;
  let size = 0;
  const write = async (piece: Uint8Array): Promise<number> => {
    await room.storage.commit([put(pieceKey(id, number++), piece)]);
    return piece.length;
  };
  const written = mapInOrder(pieces, (piece) => piece.length, write, WRITTEN_AT_ONCE);
  for await (const length of written) size += length;
  return size;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A piece that has gone, with the content it belonged to or without. */
export class MissingPiece extends Error {
  override readonly name = "MissingPiece";
}

/** The bytes of the span, with room of their own. Throws MissingPiece, and NADB_CORRUPTION for a wrong length. */
export async function* readPieces(
  { storage }: Room,
  { id, pieceBytes }: Pieces,
  { size, start, end }: Span & { readonly size: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const last = Math.min(end, size);
  for (let offset = start; offset < last; ) {
    signal?.throwIfAborted();
    const number = Math.floor(offset / pieceBytes);
    const from = number * pieceBytes;
    const key = pieceKey(id, number);
    const [record] = await storage.getMany([key], signal === undefined ? {} : { signal });
    if (record === undefined) throw new MissingPiece(key);
    checkLength(key, record.value.length, Math.min(pieceBytes, size - from));
    const until = Math.min(last, from + pieceBytes);
    yield record.value.slice(offset - from, until - from);
    offset = until;
  }
}

function checkLength(key: string, length: number, expected: number): void {
  if (length === expected) return;
  throw corruption(`${key} has ${length} bytes, ${expected} were written`);
}

/** Whatever is there of the content. */
export async function removePieces(room: Room, id: string): Promise<void> {
  const keys: string[] = [];
  for await (const page of keysWith(room, piecesPrefix(id))) keys.push(...page);
  for (let i = 0; i < keys.length; i += REMOVED_AT_ONCE)
    await commitAll(room, keys.slice(i, i + REMOVED_AT_ONCE).map(remove));
}
