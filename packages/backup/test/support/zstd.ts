// zstd frames built field by field (RFC 8878), without a compressor: so that a test can forge one, on any runtime.
import * as zlib from "node:zlib";

/** Whether this runtime writes zstd. */
export const canWrite = "zstdCompress" in zlib;

const MAGIC = Buffer.from("28b52ffd", "hex");

const block = (type: number, size: number, content: Uint8Array): Buffer => {
  const head = Buffer.alloc(3);
  head.writeUIntLE((size << 3) | (type << 1), 0, 3);
  return Buffer.concat([head, content]);
};

/** A block of bytes as they are. */
export const stored = (content: Uint8Array): Buffer => block(0, content.length, content);

/** A block of one byte, `size` times. */
export const repeated = (byte: number, size: number): Buffer => block(1, size, Buffer.of(byte));

export interface HeaderSpec {
  /** What it announces; left out: nothing. */
  readonly size?: number;
  /** The byte that describes the window; left out: the frame is a single segment. */
  readonly window?: number;
  /** Whether it says that a checksum follows; one of zeros does, which no reader of packs looks at. */
  readonly checksum?: boolean;
}

/** A frame of any header; the last of its blocks says that it is. */
export function header(spec: HeaderSpec, blocks: readonly Buffer[]): Buffer {
  const { size, window, checksum = false } = spec;
  const isSingle = window === undefined;
  const descriptor = (size === undefined ? 0 : 0x80) | (isSingle ? 0x20 : 0) | (checksum ? 4 : 0);
  const announced = Buffer.alloc(size === undefined ? 0 : 4);
  if (size !== undefined) announced.writeUInt32LE(size);
  const last = blocks.length - 1;
  return Buffer.concat([
    MAGIC,
    Buffer.of(descriptor, ...(isSingle ? [] : [window])),
    announced,
    ...blocks.map((bytes, i) => (i === last ? asLast(bytes) : bytes)),
    Buffer.alloc(checksum ? 4 : 0),
  ]);
}

/** A single segment that announces `size` bytes. */
export const frame = (size: number, blocks: readonly Buffer[]): Buffer => header({ size }, blocks);

function asLast(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[0] = (copy[0] as number) | 1;
  return copy;
}
