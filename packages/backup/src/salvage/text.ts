// The text of a damaged JSON file, in stretches that are one behind the other. INVARIANT: a stretch that is called proven is
// all of a gzip member that matches its own length and CRC-32.
import { concatBytes } from "@nadb/core";
import { Gunzip, Inflate } from "fflate";
import { MAX_ELEMENT_BYTES } from "../json/elements.js";
import { crc32 } from "./crc32.js";
import type { FileBytes } from "./file-bytes.js";

export interface Stretch {
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** In the file. */
  readonly start: number;
  readonly end: number;
  readonly isProven: boolean;
  /** Something went wrong on the way: what comes behind the first line that can not be read is worth nothing. */
  readonly isTorn: boolean;
}

export async function* plainText(file: FileBytes): AsyncGenerator<Stretch, void, undefined> {
  yield { chunks: file.stream(), start: 0, end: file.size, isProven: false, isTorn: false };
}

/** How our members begin. A false one is met once in 4 GiB. */
const MEMBER = Uint8Array.of(0x1f, 0x8b, 0x08, 0x00);
const HEADER_BYTES = 10;
const SMALLEST_MEMBER = 18;
/** The true end is not behind more places where another member seems to begin. */
const ENDS_TRIED = 3;
/** Packed, and unpacked: a line, and the text that it goes with. */
const MAX_MEMBER_BYTES = MAX_ELEMENT_BYTES + (2 << 20);
const STEP_BYTES = 1 << 14;
/** Of a damaged member, so much is unpacked up to the damage. */
const MAX_TORN_BYTES = 64 << 20;
/** The less at a time, the nearer to the damage. */
const TORN_STEP = 512;

/** Of the row of members that our writer makes. */
export async function* gzipText(file: FileBytes): AsyncGenerator<Stretch, void, undefined> {
  const begins = [...(await memberBegins(file)), file.size];
  let start = 0;
  while (start < file.size) {
    const ends = begins.filter((at) => at > start).slice(0, ENDS_TRIED);
    const member = await memberFrom(file, start, ends);
    if (member !== undefined) {
      yield { chunks: [member.text], start, end: member.end, isProven: true, isTorn: false };
      start = member.end;
    } else {
      const end = await nextMember(file, start, begins);
      const packed = await file.bytes(start, Math.min(end, start + MAX_TORN_BYTES));
      yield { chunks: unpackedUpTo(packed), start, end, isProven: false, isTorn: true };
      start = end;
    }
  }
}

async function memberBegins(file: FileBytes): Promise<number[]> {
  const begins: number[] = [];
  let offset = 0;
  let before: Uint8Array = new Uint8Array(0);
  for await (const chunk of file.stream()) {
    const bytes = concatBytes([before, chunk]);
    for (let at = 0; at + MEMBER.length <= bytes.length; at++)
      if (stands(MEMBER, bytes, at)) begins.push(offset + at);
    before = bytes.slice(Math.max(0, bytes.length - MEMBER.length + 1));
    offset += bytes.length - before.length;
  }
  return begins;
}

async function nextMember(
  file: FileBytes,
  from: number,
  begins: readonly number[],
): Promise<number> {
  for (const start of begins.filter((at) => at > from && at < file.size)) {
    const ends = begins.filter((at) => at > start).slice(0, ENDS_TRIED);
    if ((await memberFrom(file, start, ends)) !== undefined) return start;
  }
  return file.size;
}

/** The whole member that begins at `start`; what stands between its end and the nearest of `ends` behind it is passed over. */
async function memberFrom(
  file: FileBytes,
  start: number,
  ends: readonly number[],
): Promise<{ text: Uint8Array; end: number } | undefined> {
  for (const end of ends) {
    const bytes = await file.bytes(start, Math.min(end, start + MAX_MEMBER_BYTES));
    const member = unpackMember(bytes);
    if (member !== undefined) return { text: member.text, end: start + member.length };
  }
  return undefined;
}

function unpackMember(bytes: Uint8Array): { text: Uint8Array; length: number } | undefined {
  if (bytes.length < SMALLEST_MEMBER || !stands(MEMBER, bytes, 0)) return undefined;
  const text = inflated(bytes.subarray(HEADER_BYTES));
  if (text === undefined) return undefined;
  const trailer = new Uint8Array(8);
  new DataView(trailer.buffer).setUint32(0, crc32(text), true);
  new DataView(trailer.buffer).setUint32(4, text.length, true);
  for (let at = HEADER_BYTES; at + trailer.length <= bytes.length; at++)
    if (stands(trailer, bytes, at)) return { text, length: at + trailer.length };
  return undefined;
}

/** What stands behind the end is ignored; undefined where there is none, or it unpacks to too much. */
function inflated(packed: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let length = 0;
  const inflate = new Inflate((chunk) => {
    parts.push(chunk);
    length += chunk.length;
  });
  for (let at = 0; at < packed.length; at += STEP_BYTES) {
    const isLast = at + STEP_BYTES >= packed.length;
    const step = packed.slice(at, at + STEP_BYTES);
    if (length > MAX_MEMBER_BYTES || failsOn(() => inflate.push(step, isLast))) return undefined;
  }
  return concatBytes(parts);
}

const stands = (what: Uint8Array, bytes: Uint8Array, at: number): boolean =>
  bytes[at] === what[0] && what.every((byte, i) => bytes[at + i] === byte);

/** What a damaged member unpacks to before it fails. */
function* unpackedUpTo(packed: Uint8Array): Generator<Uint8Array, void, undefined> {
  const text: Uint8Array[] = [];
  const unpacking = new Gunzip((chunk) => void text.push(chunk));
  for (let at = 0; at < packed.length; at += TORN_STEP) {
    const isTorn = failsOn(() => unpacking.push(packed.slice(at, at + TORN_STEP), false));
    yield* text.splice(0);
    if (isTorn) return;
  }
}

function failsOn(work: () => void): boolean {
  try {
    work();
    return false;
  } catch {
    return true; // fflate throws errors of no class of its own
  }
}
