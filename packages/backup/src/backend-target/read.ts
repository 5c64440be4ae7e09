// Reading a file. A read goes on with the content it began with, also when the file is replaced meanwhile; when that content
// has gone it fails, and never goes on with another.
import { corruption, NadbError, quote } from "@nadb/core";
import type { ReadOptions } from "../target.js";
import { type Head, isInPieces } from "./layout.js";
import { MissingPiece, readPieces, type Span } from "./pieces.js";
import { type FoundHead, findHeads, type Room } from "./room.js";

export async function* readFile(
  room: Room,
  path: string,
  span: Span,
  { signal }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  let hasBegun = false;
  for (;;) {
    const found = await headOf(room, path, signal);
    try {
      for await (const chunk of readContent(room, found.head, span, signal)) {
        hasBegun = true;
        yield chunk;
      }
      return;
    } catch (error) {
      if (!(error instanceof MissingPiece)) throw error;
      await checkChanged(room, found, error);
      if (hasBegun) throw goneMeanwhile(path);
    }
  }
}

async function headOf(
  room: Room,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FoundHead & { readonly head: Head }> {
  const [found] = await findHeads(room, [path], signal);
  if (found === undefined) throw noFile(path);
  const { head } = found;
  if (head === undefined) throw corruption(`the head of ${quote(path)} is damaged`);
  return { ...found, head };
}

async function* readContent(
  room: Room,
  { size, content }: Head,
  { start, end }: Span,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (isInPieces(content)) yield* readPieces(room, content, { size, start, end }, signal);
  else if (start < Math.min(end, size)) yield content.slice(start, end);
}

/** Pieces are missing where the file was replaced or removed; of one that stands as it did they are lost. */
async function checkChanged(
  room: Room,
  { path, version }: FoundHead,
  { message }: MissingPiece,
): Promise<void> {
  const [now] = await findHeads(room, [path]);
  if (now?.version === version)
    throw corruption(`${message}, a piece of ${quote(path)}, is missing`);
}

export const noFile = (path: string): NadbError =>
  new NadbError("NADB_NOT_FOUND", `there is no file ${quote(path)}`);

const goneMeanwhile = (path: string): NadbError =>
  new NadbError("NADB_NOT_FOUND", `${quote(path)} has gone while it was being read`);
