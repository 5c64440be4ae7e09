// Packs whole, and packs built field by field from the grammar, sharing no code with the codec: so that a test
// can forge one whose checksums are right.
import { createHash } from "node:crypto";
import { concatBytes, type EncodedChange, isTombstone } from "@nadb/core";
import type { Codec } from "../../src/index.js";
import { decodePack } from "../../src/pack/reader.js";
import { encodePack } from "../../src/pack/writer.js";

export async function encode(
  changes: readonly EncodedChange[],
  codec: Codec = "gzip",
): Promise<Uint8Array> {
  const tombstoneCount = changes.filter(isTombstone).length;
  const counts = () => ({ recordCount: changes.length - tombstoneCount, tombstoneCount });
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodePack(pages(changes), { codec, counts })) chunks.push(chunk);
  return concatBytes(chunks);
}

async function* pages(changes: readonly EncodedChange[]): AsyncGenerator<EncodedChange[]> {
  for (let start = 0; start < changes.length; start += 100) yield changes.slice(start, start + 100);
}

export async function decode(
  bytes: Uint8Array,
  chunkBytes = 1 << 16,
  size = bytes.length,
): Promise<Uint8Array[]> {
  const changes: Uint8Array[] = [];
  for await (const block of decodePack(inChunks(bytes, chunkBytes), size)) changes.push(...block);
  return changes;
}

/** Hashes stand for the changes: comparing arrays of megabytes element by element takes minutes. */
export const hashes = (changes: readonly Uint8Array[]): string[] =>
  changes.map((change) => createHash("sha256").update(change).digest("hex"));

export async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    yield bytes.subarray(start, start + chunkBytes);
  }
}

export interface BlockSpec {
  readonly codec: number;
  readonly changeCount: number;
  readonly rawLength: number;
  readonly payload: Uint8Array;
  /** Default: the payload's length. */
  readonly storedLength?: number;
}

export interface PackSpec {
  readonly version?: number;
  readonly blocks: readonly BlockSpec[];
  /** Default: those of the blocks. */
  readonly entries?: readonly IndexEntrySpec[];
  readonly indexOffset?: number;
  readonly recordCount: number;
  readonly tombstoneCount?: number;
}

export type IndexEntrySpec = readonly [
  offset: number,
  changeCount: number,
  rawLength: number,
  storedLength: number,
];

/** A file as the grammar has it, with true checksums whatever the numbers say. */
export function build(spec: PackSpec): Buffer {
  let file = Buffer.concat([Buffer.from("NADBpack"), u16(spec.version ?? 1)]);
  const entries: IndexEntrySpec[] = [];
  for (const block of spec.blocks) {
    const { codec, changeCount, rawLength, payload, storedLength = payload.length } = block;
    entries.push([file.length, changeCount, rawLength, storedLength]);
    const head = [Buffer.of(0x42, codec), u32(changeCount), u32(rawLength), u32(storedLength)];
    file = Buffer.concat([file, sealed([...head, payload])]);
  }
  const listed = spec.entries ?? entries;
  const index = listed.flatMap(([offset, ...rest]) => [u64(offset), ...rest.map(u32)]);
  return Buffer.concat([
    file,
    sealed([Buffer.of(0x49), u32(listed.length), ...index]),
    u64(spec.indexOffset ?? file.length),
    u64(spec.recordCount),
    u64(spec.tombstoneCount ?? 0),
    Buffer.from("NADBend."),
  ]);
}

/** A raw block: each change behind its length. */
export const raw = (...changes: readonly Uint8Array[]): Buffer =>
  Buffer.concat(changes.flatMap((change) => [u32(change.length), change]));

/** The bytes, and behind them their SHA-256. */
function sealed(parts: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]);
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export interface BlockAt extends Omit<BlockSpec, "payload"> {
  readonly offset: number;
  /** Of the whole block, checksum included. */
  readonly length: number;
}

/** The blocks of a sound pack, read by hand. */
export function blocksOf(pack: Uint8Array): BlockAt[] {
  const file = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  const blocks: BlockAt[] = [];
  for (let offset = 10; file[offset] === 0x42; ) {
    const storedLength = file.readUInt32BE(offset + 10);
    const length = 14 + storedLength + 32;
    blocks.push({
      offset,
      length,
      storedLength,
      codec: file.readUInt8(offset + 1),
      changeCount: file.readUInt32BE(offset + 2),
      rawLength: file.readUInt32BE(offset + 6),
    });
    offset += length;
  }
  return blocks;
}
