// Bytes and UTF-8: the helpers that every codec here shares. Numbers are big-endian; a u64 holds a
// safe integer (at most 2^53 - 1), so it reads and writes as a plain number.
import { corruption, type NadbError } from "./errors.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const HIGH = 0x1_0000_0000;
const SHORT_TEXT = 48;

/** Length as UTF-8, without encoding. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(i + 1))) i++; // two units, four bytes
  }
  return bytes;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** Writes `text` at `offset` and answers the offset behind it. REQUIRES: room for utf8Length(text). */
export function writeUtf8(target: Uint8Array, offset: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return offset + encoder.encodeInto(text, target.subarray(offset)).written;
    target[offset + i] = unit;
  }
  return offset + text.length;
}

/** Reads UTF-8; throws NADB_CORRUPTION when it is none. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT_TEXT) {
    const text = readShortAscii(bytes, start, end);
    if (text !== undefined) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    throw corruption(`bytes ${start} to ${end} are not UTF-8`);
  }
}

function readShortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

export function writeU16(target: Uint8Array, offset: number, value: number): number {
  target[offset] = value >>> 8;
  target[offset + 1] = value;
  return offset + 2;
}

export function readU16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

export function writeU32(target: Uint8Array, offset: number, value: number): number {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
  return offset + 4;
}

export function readU32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) * 0x1000000 +
      (((bytes[offset + 1] as number) << 16) |
        ((bytes[offset + 2] as number) << 8) |
        (bytes[offset + 3] as number))) >>>
    0
  );
}

export function writeU64(target: Uint8Array, offset: number, value: number): number {
  writeU32(target, offset, Math.floor(value / HIGH));
  return writeU32(target, offset + 4, value >>> 0);
}

/** Throws NADB_CORRUPTION for a number no writer of ours can have written. */
export function readU64(bytes: Uint8Array, offset: number): number {
  const value = readU32(bytes, offset) * HIGH + readU32(bytes, offset + 4);
  if (!Number.isSafeInteger(value)) throw corruption(`number at byte ${offset} is out of range`);
  return value;
}

/** Byte order, the order of keys everywhere: for UTF-8 it is the order of code points. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The order of `compareBytes` over the UTF-8 of two strings, without encoding them. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they rank behind every other unit. */
const codePointRank = (unit: number): number =>
  unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** REQUIRES: an even number of hex digits; throws NADB_CORRUPTION otherwise. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text))
    throw corruption(`not hexadecimal: ${text}`);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Reads a buffer from front to back; what runs past its end throws NADB_CORRUPTION. */
export class ByteReader {
  #offset = 0;
  readonly #bytes: Uint8Array;
  readonly #what: string;

  /** @param what names the bytes in error messages, e.g. "pack header". */
  constructor(bytes: Uint8Array, what: string, offset = 0) {
    if (offset > bytes.length) throw endsEarly(what, bytes.length, offset - bytes.length);
    this.#bytes = bytes;
    this.#what = what;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  u16(): number {
    return readU16(this.#bytes, this.#take(2));
  }

  u32(): number {
    return readU32(this.#bytes, this.#take(4));
  }

  u64(): number {
    return readU64(this.#bytes, this.#take(8));
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  utf8(length: number): string {
    const start = this.#take(length);
    return readUtf8(this.#bytes, start, start + length);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  end(): void {
    if (this.remaining > 0) throw corruption(`${this.#what}: ${this.remaining} bytes too many`);
  }

  #take(length: number): number {
    if (length > this.remaining) {
      throw endsEarly(this.#what, this.#bytes.length, length);
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

const endsEarly = (what: string, length: number, missing: number): NadbError =>
  corruption(`${what}: ends at byte ${length}, ${missing} more expected`);
