// The pack: the file that holds a run (data.nadb). docs/format.md says the same in prose; a test compares them.
//
//   pack    := header block* index trailer
//   header  := magic:u8[8]="NADBpack" version:u16=1
//   block   := 0x42 codec:u8 changeCount:u32 rawLength:u32 storedLength:u32 payload:u8[storedLength] sha256:u8[32]
//   index   := 0x49 blockCount:u32 entry* sha256:u8[32]
//   entry   := offset:u64 changeCount:u32 rawLength:u32 storedLength:u32
//   trailer := indexOffset:u64 recordCount:u64 tombstoneCount:u64 magic:u8[8]="NADBend."
//   raw     := (length:u32 change:u8[length])*          what a payload unpacks to; change: see record.ts of core
//   codec   := 0x00 stored as it is | 0x01 gzip | 0x02 zstd
//
// Numbers are big-endian. Each sha256 covers all bytes of its block or index before it. A change never spans
// blocks. A block is closed once it holds 1 MiB, so only a larger single change makes a larger block.
import { ByteReader, corruption, NadbError, writeU16, writeU32, writeU64 } from "@nadb/core";

export const PACK_VERSION = 1;
/** A block is closed once its raw bytes reach this. */
export const BLOCK_BYTES = 1 << 20;
/** Largest block that is read or written. */
export const MAX_BLOCK_BYTES = 512 << 20;

export const HEADER_BYTES = 10;
export const BLOCK_MARK = 0x42;
export const BLOCK_HEADER_BYTES = 14;
export const INDEX_MARK = 0x49;
export const INDEX_HEADER_BYTES = 5;
export const INDEX_ENTRY_BYTES = 20;
export const TRAILER_BYTES = 32;
export const SHA256_BYTES = 32;

const MAGIC = new TextEncoder().encode("NADBpack");
const END_MAGIC = new TextEncoder().encode("NADBend.");
export const CODECS = { stored: 0x00, gzip: 0x01, zstd: 0x02 } as const;
export type CodecId = (typeof CODECS)[keyof typeof CODECS];

/** No codec can pack tighter than so many bytes into one; a block that claims to is forged. */
const MAX_RATIO: Readonly<Record<CodecId, number>> = {
  [CODECS.stored]: 1,
  [CODECS.gzip]: 1032,
  [CODECS.zstd]: 32_768, // a block of 128 KiB in 4 bytes
};
const SLACK_BYTES = 64;

export interface BlockHeader {
  readonly codec: CodecId;
  readonly changeCount: number;
  readonly rawLength: number;
  readonly storedLength: number;
}

export interface IndexEntry extends Omit<BlockHeader, "codec"> {
  /** Of the block's first byte in the file. */
  readonly offset: number;
}

export interface Trailer {
  readonly indexOffset: number;
  readonly recordCount: number;
  readonly tombstoneCount: number;
}

export function encodeHeader(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(MAGIC);
  writeU16(bytes, MAGIC.length, PACK_VERSION);
  return bytes;
}

/** Throws NADB_CORRUPTION for a foreign file, NADB_NEWER_FORMAT for a later version. */
export function decodeHeader(bytes: Uint8Array): void {
  const reader = new ByteReader(bytes, "pack header");
  expectMagic(reader, MAGIC, "this is no pack of NADB");
  const version = reader.u16();
  if (version > PACK_VERSION) {
    throw new NadbError(
      "NADB_NEWER_FORMAT",
      `the pack has version ${version}, this NADB reads up to ${PACK_VERSION}`,
      {
        hint: "update NADB",
      },
    );
  }
  if (version !== PACK_VERSION) throw corruption(`the pack has version ${version}`);
}

export function encodeBlockHeader(header: BlockHeader): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES);
  bytes[0] = BLOCK_MARK;
  bytes[1] = header.codec;
  writeU32(bytes, 2, header.changeCount);
  writeU32(bytes, 6, header.rawLength);
  writeU32(bytes, 10, header.storedLength);
  return bytes;
}

/** REQUIRES: the mark has been seen. Bounds every length, so that nothing is allocated on a file's word alone. */
export function decodeBlockHeader(bytes: Uint8Array): BlockHeader {
  const reader = new ByteReader(bytes, "block header");
  reader.u8();
  const codec = reader.u8();
  const header = { changeCount: reader.u32(), rawLength: reader.u32(), storedLength: reader.u32() };
  reader.end();
  if (!isCodecId(codec)) throw corruption(`unknown codec ${codec}`);
  return checkBlockHeader({ codec, ...header });
}

const isCodecId = (id: number): id is CodecId =>
  (Object.values(CODECS) as readonly number[]).includes(id);

function checkBlockHeader(header: BlockHeader): BlockHeader {
  const { codec, changeCount, rawLength, storedLength } = header;
  const isStored = codec === CODECS.stored;
  const mostRaw = storedLength * MAX_RATIO[codec] + (isStored ? 0 : SLACK_BYTES);
  if (rawLength > mostRaw || (isStored && rawLength !== storedLength)) {
    throw corruption(`a block of ${storedLength} bytes can not unpack to ${rawLength}`);
  }
  if (rawLength > MAX_BLOCK_BYTES || storedLength > MAX_BLOCK_BYTES) {
    throw corruption(`a block of ${Math.max(rawLength, storedLength)} bytes is beyond the limit`);
  }
  if (changeCount === 0 || changeCount * 4 > rawLength) {
    throw corruption(`a block of ${rawLength} bytes can not hold ${changeCount} changes`);
  }
  return header;
}

export function encodeIndex(entries: readonly IndexEntry[]): Uint8Array {
  const bytes = new Uint8Array(INDEX_HEADER_BYTES + entries.length * INDEX_ENTRY_BYTES);
  bytes[0] = INDEX_MARK;
  let offset = writeU32(bytes, 1, entries.length);
  for (const entry of entries) {
    offset = writeU64(bytes, offset, entry.offset);
    offset = writeU32(bytes, offset, entry.changeCount);
    offset = writeU32(bytes, offset, entry.rawLength);
    offset = writeU32(bytes, offset, entry.storedLength);
  }
  return bytes;
}

export function encodeTrailer(trailer: Trailer): Uint8Array {
  const bytes = new Uint8Array(TRAILER_BYTES);
  let offset = writeU64(bytes, 0, trailer.indexOffset);
  offset = writeU64(bytes, offset, trailer.recordCount);
  offset = writeU64(bytes, offset, trailer.tombstoneCount);
  bytes.set(END_MAGIC, offset);
  return bytes;
}

export function decodeTrailer(bytes: Uint8Array): Trailer {
  const reader = new ByteReader(bytes, "pack trailer");
  const trailer = {
    indexOffset: reader.u64(),
    recordCount: reader.u64(),
    tombstoneCount: reader.u64(),
  };
  expectMagic(reader, END_MAGIC, "the pack's trailer is damaged");
  reader.end();
  return trailer;
}

function expectMagic(reader: ByteReader, magic: Uint8Array, message: string): void {
  const found = reader.bytes(magic.length);
  if (magic.some((byte, i) => found[i] !== byte)) throw corruption(message);
}
