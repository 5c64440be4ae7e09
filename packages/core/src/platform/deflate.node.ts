// Raw deflate by Node's zlib. Same interface and same format as deflate.portable.ts; package.json "imports" chooses.
import { promisify } from "node:util";
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from "node:zlib";

const deflateLater = promisify<Uint8Array, object, Uint8Array>(deflateRaw);
const inflateLater = promisify<Uint8Array, object, Uint8Array>(inflateRaw);

/** Output buffers: each one filled is a round trip to the thread pool. */
const MIN_CHUNK_BYTES = 1 << 14;
const MAX_CHUNK_BYTES = 1 << 20;
/** The least that zlib takes. */
const MIN_INFLATE_CHUNK_BYTES = 64;

const deflateOptions = ({ length }: Uint8Array, level: number) => ({
  level,
  chunkSize: Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, length >> 2)),
});

/** One output buffer that the right result never fills, so that no second one is made. */
const inflateOptions = (length: number) => ({
  maxOutputLength: Math.max(1, length),
  chunkSize: Math.max(MIN_INFLATE_CHUNK_BYTES, length + 1),
});

/** Level 1 to 9. */
export function deflateSync(bytes: Uint8Array, level: number): Uint8Array {
  return deflateRawSync(bytes, deflateOptions(bytes, level));
}

/** As `deflateSync`, on the thread pool. */
export function deflate(bytes: Uint8Array, level: number): Promise<Uint8Array> {
  return deflateLater(bytes, deflateOptions(bytes, level));
}

/** Throws when the bytes are no deflate, or unpack to more than `length`. They may unpack to less. */
export function inflateSync(bytes: Uint8Array, length: number): Uint8Array {
  return asPlainArray(inflateRawSync(bytes, inflateOptions(length)));
}

/** As `inflateSync`, on the thread pool. */
export async function inflate(bytes: Uint8Array, length: number): Promise<Uint8Array> {
  return asPlainArray(await inflateLater(bytes, inflateOptions(length)));
}

/** Values are handed to callers, who need not know Node's Buffer. */
const asPlainArray = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);
