// zstd by Node's zlib, on the thread pool, where it has it (since 22.15); else as zstd.portable.ts, whose interface this is.
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { announceSize } from "../pack/zstd-frame.js";
import { type CompressZstd, unzstd as portableUnzstd } from "./zstd.portable.js";

interface Options {
  readonly params?: Readonly<Record<number, number>>;
  readonly pledgedSrcSize?: number;
  readonly maxOutputLength?: number;
  readonly chunkSize: number;
}

type Work = (
  bytes: Uint8Array,
  options: Options,
  done: (error: Error | null, result: Uint8Array) => void,
) => void;

/** Not in the types of the oldest Node we support. */
const { zstdCompress, zstdDecompress } = zlib as {
  readonly zstdCompress?: Work;
  readonly zstdDecompress?: Work;
};

const COMPRESSION_LEVEL = 100; // ZSTD_c_compressionLevel
/** Output buffers: each one filled is a round trip to the thread pool. */
const MIN_CHUNK_BYTES = 1 << 14;
const MAX_CHUNK_BYTES = 1 << 20;

const chunkSize = (expectedBytes: number): number =>
  Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, expectedBytes));

export const zstd: CompressZstd | undefined = zstdCompress && compressBy(zstdCompress);

function compressBy(work: Work): CompressZstd {
  const compress = promisify<Uint8Array, Options, Uint8Array>(work);
  return async (bytes, level) => {
    const options = { params: { [COMPRESSION_LEVEL]: level }, pledgedSrcSize: bytes.length };
    const frame = await compress(bytes, { ...options, chunkSize: chunkSize(bytes.length >> 1) });
    return announceSize(frame, bytes.length); // before 22.19 Node does not know pledgedSrcSize
  };
}

/** As in zstd.portable.ts. */
export const unzstd = zstdDecompress === undefined ? portableUnzstd : decompressBy(zstdDecompress);

function decompressBy(work: Work): typeof portableUnzstd {
  const decompress = promisify<Uint8Array, Options, Uint8Array>(work);
  return (frame, rawLength) =>
    decompress(frame, {
      maxOutputLength: Math.max(1, rawLength),
      chunkSize: chunkSize(rawLength),
    });
}
