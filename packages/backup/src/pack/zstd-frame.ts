// The outside of a zstd frame (RFC 8878), as a pack has it: exactly one frame, without dictionary, that announces its
// content's size. INVARIANT: what passes here makes a decoder allocate a window of 8 MiB at the most, besides what the
// frame really unpacks to; what is refused here is refused by every runtime, whichever decoder it has.
//
//   frame  := magic:u8[4]=28b52ffd descriptor:u8 window:u8? size:u8[1|2|4|8] block* checksum:u8[4]?
//   block  := header:u24 content                 header: last:1 bit, type:2 bits, size:21 bits
//
// Numbers are little-endian.
import { corruption, type NadbError } from "@nadb/core";

/** What every decoder should take, says the RFC. */
const MAX_WINDOW_BYTES = 8 << 20;
/** No block of a frame unpacks to more. */
const MAX_BLOCK_BYTES = 128 << 10;

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;
const DESCRIPTOR_OFFSET = MAGIC.length;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** Announced as one byte, 0, stands for no size unless the frame is a single segment. */
const SIZE_BYTES = [0, 2, 4, 8] as const;

const REPEATED = 1;
const COMPRESSED = 2;
/** A header of literals and a count of sequences. */
const MIN_COMPRESSED_BYTES = 2;

interface FrameHeader {
  readonly length: number;
  readonly size: number | undefined;
  readonly window: number;
  readonly hasChecksum: boolean;
}

/** Throws NADB_CORRUPTION unless the bytes are one frame whose blocks can unpack to `rawLength` bytes. */
export function checkFrame(frame: Uint8Array, rawLength: number): void {
  const header = readHeader(frame);
  const { size, window, hasChecksum } = header;
  if (size !== rawLength) throw damaged(`it announces ${size ?? "no"} bytes`);
  if (window > MAX_WINDOW_BYTES) throw damaged(`it needs a window of ${window} bytes`);
  const { end, least, most } = walkBlocks(frame, header);
  if (least > rawLength || most < rawLength)
    throw damaged(`its blocks unpack to ${least} to ${most} bytes, not to ${rawLength}`);
  if (end + (hasChecksum ? CHECKSUM_BYTES : 0) !== frame.length)
    throw damaged("it does not end with its bytes");
}

function readHeader(frame: Uint8Array): FrameHeader {
  if (MAGIC.some((byte, i) => frame[i] !== byte)) throw damaged("it does not begin as one");
  const descriptor = byteAt(frame, DESCRIPTOR_OFFSET);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x0b) !== 0) throw damaged("it needs a dictionary, or a later reader");
  const sizeBytes = SIZE_BYTES[descriptor >> 6] || (isSingleSegment ? 1 : 0);
  const sizeOffset = DESCRIPTOR_OFFSET + (isSingleSegment ? 1 : 2);
  const size = readSize(frame, sizeOffset, sizeBytes);
  const window = isSingleSegment ? (size ?? 0) : windowOf(byteAt(frame, DESCRIPTOR_OFFSET + 1));
  const hasChecksum = (descriptor & 0x04) !== 0;
  return { length: sizeOffset + sizeBytes, size, window, hasChecksum };
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function readSize(frame: Uint8Array, offset: number, length: number): number | undefined {
  if (length === 0) return undefined;
  const size = readLittle(frame, offset, length);
  return length === 2 ? size + 256 : size;
}

/** Where the last block ends, and how much the blocks unpack to at least and at the most. */
function walkBlocks(
  frame: Uint8Array,
  { length, window }: FrameHeader,
): { readonly end: number; readonly least: number; readonly most: number } {
  const mostOfOne = Math.min(window, MAX_BLOCK_BYTES);
  let end = length;
  let [least, most] = [0, 0];
  for (let isLast = false; !isLast; ) {
    const header = readLittle(frame, end, BLOCK_HEADER_BYTES);
    const [type, size] = [(header >> 1) & 3, header >> 3];
    isLast = (header & 1) === 1;
    if (type > COMPRESSED || size > mostOfOne) throw damaged(`it has a block of ${size} bytes`);
    if (type === COMPRESSED && size < MIN_COMPRESSED_BYTES) throw damaged("a block is too short");
    end += BLOCK_HEADER_BYTES + (type === REPEATED ? 1 : size);
    if (end > frame.length) throw damaged("it is cut short");
    if (type !== COMPRESSED) least += size;
    most += type === COMPRESSED ? mostOfOne : size;
  }
  return { end, least, most };
}

/** The frame with its content's size in its header. REQUIRES: a sound frame without dictionary. */
export function announceSize(frame: Uint8Array, size: number): Uint8Array {
  if (readHeader(frame).size !== undefined) return frame;
  const announced = new Uint8Array(frame.length + 4);
  announced.set(frame.subarray(0, DESCRIPTOR_OFFSET + 2));
  announced[DESCRIPTOR_OFFSET] = byteAt(frame, DESCRIPTOR_OFFSET) | 0x80;
  new DataView(announced.buffer).setUint32(DESCRIPTOR_OFFSET + 2, size, true);
  announced.set(frame.subarray(DESCRIPTOR_OFFSET + 2), DESCRIPTOR_OFFSET + 6);
  return announced;
}

function readLittle(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value += byteAt(bytes, offset + i) * 2 ** (8 * i);
  return value;
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw damaged("it is cut short");
  return byte;
}

const damaged = (why: string): NadbError => corruption(`this is no zstd frame of a pack: ${why}`);
