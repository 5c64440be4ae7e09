// Raw deflate in plain JavaScript, for runtimes without node:zlib. No thread of its own: what large values cost here,
// the caller's thread pays.
/*! fflate, (c) 2026 Arjun Barrett, MIT License */
import { deflateSync as fflateDeflate, inflateSync as fflateInflate } from "fflate";

/** Level 1 to 9. */
export function deflateSync(bytes: Uint8Array, level: number): Uint8Array {
  return fflateDeflate(bytes, { level: level as 6 });
}

export async function deflate(bytes: Uint8Array, level: number): Promise<Uint8Array> {
  return deflateSync(bytes, level);
}

/** Throws when the bytes are no deflate, or unpack to more than `length`. They may unpack to less. */
export function inflateSync(bytes: Uint8Array, length: number): Uint8Array {
  // What runs past the end of `out` is dropped: one byte of room more tells it from what fits.
  const result = fflateInflate(bytes, { out: new Uint8Array(length + 1) });
  if (result.length > length) throw new Error(`unpacks to more than ${length} bytes`);
  return result;
}

export async function inflate(bytes: Uint8Array, length: number): Promise<Uint8Array> {
  return inflateSync(bytes, length);
}
