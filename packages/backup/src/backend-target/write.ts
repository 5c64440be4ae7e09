// Writing a file: its pieces first, invisible, then its head in one commit. Until that commit nothing has changed, after it
// the file is there as a whole; of several writers that ask for an absent file one commits.
import { type Expectation, type Mutation, NadbError, quote } from "@nadb/core";
import type { WriteOptions } from "../target.js";
import { cut } from "./cut.js";
import { encodeHead, fileKey, type Head, isInPieces, pendingKey } from "./layout.js";
import {
  discard,
  forget,
  isAsNoted,
  type Noted,
  noteEnding,
  noteWriting,
  sweepPending,
} from "./pending.js";
import { newId, writePieces } from "./pieces.js";
import { commitIf, findHeads, put, type Room, remove } from "./room.js";

/** Smaller files stand in their heads: one commit writes them, one look reads them. */
const INLINE_BYTES = 4_096;
/** What a head needs beside them. */
const LINE_BYTES = 512;

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export async function writeFile(
  room: Room,
  path: string,
  chunks: Chunks,
  { ifAbsent = false, signal }: WriteOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const pieces = cut(heeding(chunks, signal), room.pieceBytes);
  try {
    const { value: first = new Uint8Array() } = await pieces.next();
    if (isSmall(first, room))
      await publish(room, path, { size: first.length, content: first }, ifAbsent);
    else await writeLarge(room, path, withFirst(first, pieces), ifAbsent, signal);
  } finally {
    await pieces.return();
  }
}

const isSmall = ({ length }: Uint8Array, { pieceBytes }: Room): boolean =>
  length <= Math.max(0, Math.min(INLINE_BYTES, pieceBytes - LINE_BYTES));

async function* heeding(chunks: Chunks, signal: AbortSignal | undefined) {
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

async function* withFirst(first: Uint8Array, rest: AsyncIterable<Uint8Array>) {
  yield first;
  yield* rest;
}

async function writeLarge(
  room: Room,
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  ifAbsent: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  await sweepPending(room);
  const id = newId(room);
  const noted = await noteWriting(room, id, path);
  try {
    const size = await writePieces(room, id, pieces);
    signal?.throwIfAborted();
    const { pieceBytes } = room;
    await publish(room, path, { size, content: { id, pieceBytes } }, ifAbsent, noted);
  } catch (error) {
    await discard(room, id, error);
    throw error;
  }
}

async function publish(
  room: Room,
  path: string,
  head: Head,
  ifAbsent: boolean,
  noted?: Noted,
): Promise<void> {
  const key = fileKey(path);
  for (;;) {
    if (noted !== undefined && noted.until <= room.clock()) throw swept(path);
    const [there] = await findHeads(room, [path]);
    if (there !== undefined && ifAbsent) throw alreadyThere(path);
    const replaced = there?.head?.content;
    const ending =
      replaced && isInPieces(replaced) ? await noteEnding(room, replaced.id, path) : undefined;
    const expect = [{ key, version: there?.version ?? null }];
    if (await commitHead(room, put(key, encodeHead(head)), expect, { noted, ending })) return;
    if (noted !== undefined && !(await isAsNoted(room, noted))) throw swept(path);
  }
}

interface Notes {
  /** Of the content that the head names. */
  readonly noted: Noted | undefined;
  /** Of the content that it named until now. */
  readonly ending: Noted | undefined;
}

async function commitHead(
  room: Room,
  head: Mutation,
  expect: readonly Expectation[],
  { noted, ending }: Notes,
): Promise<boolean> {
  if (room.transactions) {
    const notes = [noted, ending].filter((one) => one !== undefined);
    const all = [...expect, ...notes.map(({ id, version }) => ({ key: pendingKey(id), version }))];
    const done = noted === undefined ? [] : [remove(pendingKey(noted.id))];
    return commitIf(room, [head, ...done], all);
  }
  const isThere = await commitIf(room, [head], expect);
  if (isThere && noted !== undefined) await forget(room, noted.id).catch(() => undefined); // or else it is swept
  return isThere;
}

const alreadyThere = (path: string): NadbError =>
  new NadbError("NADB_ALREADY_EXISTS", `there is a file ${quote(path)} already`);

const swept = (path: string): NadbError =>
  new NadbError("NADB_CONFLICT", `the write of ${quote(path)} took so long that it was swept`, {
    hint: "write it again",
  });
