// gzip by Node's zlib, on the thread pool. Same interface and same format as gzip.portable.ts.
import { promisify } from "node:util";
import { constants, gunzip as zlibGunzip, gzip as zlibGzip } from "node:zlib";

const deflate = promisify<Uint8Array, object, Uint8Array>(zlibGzip);
const inflate = promisify<Uint8Array, object, Uint8Array>(zlibGunzip);

/** Output buffers: each one filled is a round trip to the thread pool. */
const MIN_CHUNK_BYTES = 1 << 14;
const MAX_CHUNK_BYTES = 1 << 20;

const chunkSize = (expectedBytes: number): number =>
  Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, expectedBytes));

/** Level 1 to 9. */
export async function gzip(bytes: Uint8Array, level: number): Promise<Uint8Array> {
  const options = { level, memLevel: constants.Z_MAX_MEMLEVEL };
  return deflate(bytes, { ...options, chunkSize: chunkSize(bytes.length >> 1) });
}

/** Throws when the bytes are no gzip, or unpack to more than `rawLength`. */
export async function gunzip(bytes: Uint8Array, rawLength: number): Promise<Uint8Array> {
  return inflate(bytes, {
    maxOutputLength: Math.max(1, rawLength),
    chunkSize: chunkSize(rawLength),
  });
}
