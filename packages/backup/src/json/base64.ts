// Base64 as RFC 4648 has it, padded. INVARIANT: bytes have exactly one text; any other is refused, so that what was read
// is what was written.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CODES = new TextEncoder().encode(ALPHABET);
const PAD = 0x3d;
/** Stands for what is no letter of the alphabet; has bits that no letter has. */
const NONE = 0xff;
const VALUES = new Uint8Array(256).fill(NONE);
for (const [value, code] of CODES.entries()) VALUES[code] = value;

export const base64Length = (byteLength: number): number => Math.ceil(byteLength / 3) * 4;

/** Writes the text of `bytes` at `offset`. REQUIRES: room for `base64Length(bytes.length)`. */
export function writeBase64(target: Uint8Array, offset: number, bytes: Uint8Array): void {
  const whole = bytes.length - (bytes.length % 3);
  let at = offset;
  for (let i = 0; i < whole; i += 3) {
    const bits =
      ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    target[at] = CODES[bits >> 18] as number;
    target[at + 1] = CODES[(bits >> 12) & 63] as number;
    target[at + 2] = CODES[(bits >> 6) & 63] as number;
    target[at + 3] = CODES[bits & 63] as number;
    at += 4;
  }
  if (whole < bytes.length) writeEnd(target, at, bytes.subarray(whole));
}

/** The last one or two bytes. */
function writeEnd(target: Uint8Array, at: number, [first = 0, second]: Uint8Array): void {
  const bits = (first << 16) | ((second ?? 0) << 8);
  target[at] = CODES[bits >> 18] as number;
  target[at + 1] = CODES[(bits >> 12) & 63] as number;
  target[at + 2] = second === undefined ? PAD : (CODES[(bits >> 6) & 63] as number);
  target[at + 3] = PAD;
}

/** The bytes of the text; undefined when it is no base64, or not the one text of its bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let at = 0;
  for (let i = 0; i < letters; i += 4) {
    const bits = bitsAt(text, i, letters);
    if (bits < 0) return undefined;
    bytes[at] = bits >> 16; // what lies beyond the end is not written
    bytes[at + 1] = bits >> 8;
    bytes[at + 2] = bits;
    at += 3;
  }
  return hasSpareBits(text, letters) ? undefined : bytes;
}

/** The 24 bits of four letters, those beyond the last letter 0; -1 when one is no letter. */
function bitsAt(text: string, at: number, letters: number): number {
  const a = valueAt(text, at);
  const b = valueAt(text, at + 1);
  const c = at + 2 < letters ? valueAt(text, at + 2) : 0;
  const d = at + 3 < letters ? valueAt(text, at + 3) : 0;
  return (a | b | c | d) > 63 ? -1 : (a << 18) | (b << 12) | (c << 6) | d;
}

function valueAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 256 ? (VALUES[code] as number) : NONE;
}

/** Whether the last letter says more than its bytes need: then another text would say the same. */
function hasSpareBits(text: string, letters: number): boolean {
  if (letters % 4 === 0) return false;
  return (valueAt(text, letters - 1) & (letters % 4 === 2 ? 15 : 3)) !== 0;
}
