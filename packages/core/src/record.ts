// The canonical binary form of a change. Backends may store it and packs carry it as it is, so the hot
// paths copy bytes and never decode. INVARIANT: one record has exactly one encoding.
//
//   change    := record | sealed | tombstone
//   record    := 0x01 stamp content
//   sealed    := 0x02 stamp label length:u64 contentHash:u8[32] bytes:u8[rest]
//   tombstone := 0x00 version:u64 deletedAt:u64 keyLength:u16 key:utf8
//   stamp     := version:u64 createdAt:u64 updatedAt:u64
//   content   := label value:u8[rest]
//   label     := expiresAt:u64 keyLength:u16 key:utf8 tagCount:u16 (tagLength:u16 tag:utf8)*
//
// Numbers are big-endian; times are ms since the epoch; expiresAt 0 = never; tags sorted, unique. The state
// digest hashes `content`: what two stores must agree on, and nothing that differs between them. A sealed record
// holds `bytes` in place of its value, and says what the value's length and the hash of `content` are.
import { copyBytes } from "#slab";
import type { EncodedChange, Seal, StoredRecord, Tombstone } from "./backend.js";
import {
  ByteReader,
  compareUtf8,
  readU16,
  readU64,
  readUtf8,
  utf8Length,
  writeU16,
  writeU64,
  writeUtf8,
} from "./bytes.js";
import { corruption } from "./errors.js";
import { MAX_KEY_BYTES, MAX_TAG_BYTES, quote, SEAL_HASH_BYTES } from "./limits.js";

const TOMBSTONE = 0;
const RECORD = 1;
const SEALED = 2;
const VERSION_OFFSET = 1;
const CREATED_OFFSET = 9;
const UPDATED_OFFSET = 17;
const CONTENT_OFFSET = 25;
const KEY_OFFSET = CONTENT_OFFSET + 10;
const TOMBSTONE_KEY_OFFSET = 19;
/** What a seal adds to a record. */
export const SEAL_BYTES = 8 + SEAL_HASH_BYTES;

/** REQUIRES: a checked key and seal, and canonical tags (limits.ts). */
export function encodeRecord(record: StoredRecord): EncodedChange {
  const { seal } = record;
  const keyLength = utf8Length(record.key);
  let size = KEY_OFFSET + keyLength + 2 + record.value.length;
  if (seal !== undefined) size += SEAL_BYTES;
  for (const tag of record.tags) size += 2 + utf8Length(tag);
  const bytes = new Uint8Array(size);
  bytes[0] = seal === undefined ? RECORD : SEALED;
  writeU64(bytes, VERSION_OFFSET, record.version);
  writeU64(bytes, CREATED_OFFSET, record.createdAt);
  writeU64(bytes, UPDATED_OFFSET, record.updatedAt);
  writeU64(bytes, CONTENT_OFFSET, record.expiresAt ?? 0);
  writeU16(bytes, CONTENT_OFFSET + 8, keyLength);
  let offset = writeUtf8(bytes, KEY_OFFSET, record.key);
  offset = writeU16(bytes, offset, record.tags.length);
  for (const tag of record.tags) {
    const end = writeUtf8(bytes, offset + 2, tag);
    writeU16(bytes, offset, end - offset - 2);
    offset = end;
  }
  if (seal !== undefined) offset = writeSeal(bytes, offset, seal);
  bytes.set(record.value, offset);
  return bytes;
}

function writeSeal(target: Uint8Array, offset: number, seal: Seal): number {
  target.set(seal.contentHash, writeU64(target, offset, seal.length));
  return offset + SEAL_BYTES;
}

export function encodeTombstone(tombstone: Tombstone): EncodedChange {
  const keyLength = utf8Length(tombstone.key);
  const bytes = new Uint8Array(TOMBSTONE_KEY_OFFSET + keyLength);
  bytes[0] = TOMBSTONE;
  writeU64(bytes, VERSION_OFFSET, tombstone.version);
  writeU64(bytes, CREATED_OFFSET, tombstone.deletedAt);
  writeU16(bytes, TOMBSTONE_KEY_OFFSET - 2, keyLength);
  writeUtf8(bytes, TOMBSTONE_KEY_OFFSET, tombstone.key);
  return bytes;
}

export type Change =
  | { readonly type: "record"; readonly record: StoredRecord }
  | { readonly type: "tombstone"; readonly tombstone: Tombstone };

export function isTombstone(change: EncodedChange): boolean {
  return change[0] === TOMBSTONE;
}

/** Says that the value is kept as other bytes; see `Seal`. */
export function isSealed(change: EncodedChange): boolean {
  return change[0] === SEALED;
}

/** Decodes and checks; anything that `encode…` cannot have written throws NADB_CORRUPTION. */
export function decodeChange(bytes: EncodedChange): Change {
  return isTombstone(bytes)
    ? { type: "tombstone", tombstone: decodeTombstone(bytes) }
    : { type: "record", record: decodeRecord(bytes) };
}

/** `value` and seal are views of `bytes`, not copies. */
export function decodeRecord(bytes: EncodedChange): StoredRecord {
  return parseRecord(bytes, readKey(bytes), (value) => value);
}

/** `value` and seal are copies, so `bytes` may be reused. REQUIRES: `key` is the record's. */
export function decodeOwnRecord(bytes: EncodedChange, key: string): StoredRecord {
  return parseRecord(bytes, key, copyBytes);
}

function parseRecord(
  bytes: EncodedChange,
  key: string,
  take: (value: Uint8Array) => Uint8Array,
): StoredRecord {
  const tagsOffset = KEY_OFFSET + readU16(bytes, KEY_OFFSET - 2);
  const reader = new ByteReader(bytes, "record", tagsOffset);
  const tags = readTags(reader);
  const seal = isSealed(bytes) ? readSeal(reader, take) : undefined;
  const record = {
    key,
    tags,
    value: take(reader.rest()),
    createdAt: readU64(bytes, CREATED_OFFSET),
    updatedAt: readU64(bytes, UPDATED_OFFSET),
    version: readU64(bytes, VERSION_OFFSET),
  };
  const expiresAt = readU64(bytes, CONTENT_OFFSET);
  const plain = expiresAt === 0 ? record : { ...record, expiresAt };
  return seal === undefined ? plain : { ...plain, seal };
}

function readSeal(reader: ByteReader, take: (bytes: Uint8Array) => Uint8Array): Seal {
  return { length: reader.u64(), contentHash: take(reader.bytes(SEAL_HASH_BYTES)) };
}

/** The key of a record, after a look whether it is one. */
function readKey(bytes: EncodedChange): string {
  if (bytes[0] !== RECORD && bytes[0] !== SEALED) {
    throw corruption(`a record begins with byte ${RECORD} or ${SEALED}, not ${bytes[0]}`);
  }
  const reader = new ByteReader(bytes, "record", KEY_OFFSET - 2);
  return readText(reader, "key", MAX_KEY_BYTES);
}

export function decodeTombstone(bytes: EncodedChange): Tombstone {
  if (bytes[0] !== TOMBSTONE)
    throw corruption(`a tombstone begins with byte ${TOMBSTONE}, not ${bytes[0]}`);
  const reader = new ByteReader(bytes, "tombstone");
  reader.skip(VERSION_OFFSET);
  const version = reader.u64();
  const deletedAt = reader.u64();
  const key = readText(reader, "key", MAX_KEY_BYTES);
  reader.end();
  return { key, version, deletedAt };
}

function readTags(reader: ByteReader): string[] {
  const count = reader.u16();
  const tags: string[] = [];
  for (let i = 0; i < count; i++) {
    const tag = readText(reader, "tag", MAX_TAG_BYTES);
    const previous = tags[i - 1];
    if (previous !== undefined && compareUtf8(previous, tag) >= 0) {
      throw corruption(`tag ${quote(tag)} is out of order`);
    }
    tags.push(tag);
  }
  return tags;
}

function readText(reader: ByteReader, what: string, maxBytes: number): string {
  const length = reader.u16();
  if (length === 0 || length > maxBytes) throw corruption(`a ${what} of ${length} bytes`);
  return reader.utf8(length);
}

/** The version alone, without decoding the rest. REQUIRES: a whole change. */
export function changeVersion(change: EncodedChange): number {
  return readU64(change, VERSION_OFFSET);
}

/** The bytes of the record's key; a view. REQUIRES: a whole record. */
export function recordKey(record: EncodedChange): Uint8Array {
  return record.subarray(KEY_OFFSET, KEY_OFFSET + readU16(record, KEY_OFFSET - 2));
}

/** When the record expires, 0 = never, without decoding the rest. REQUIRES: a whole record. */
export function recordExpiresAt(record: EncodedChange): number {
  return readU64(record, CONTENT_OFFSET);
}

/** The key alone, without decoding the rest. REQUIRES: a whole change. */
export function changeKey(change: EncodedChange): string {
  const start = keyOffset(change);
  return readUtf8(change, start, start + readU16(change, start - 2));
}

/** When it happened: updatedAt of a record, deletedAt of a tombstone. REQUIRES: a whole change. */
export function changeTime(change: EncodedChange): number {
  return readU64(change, isTombstone(change) ? CREATED_OFFSET : UPDATED_OFFSET);
}

/** Orders changes by the UTF-8 bytes of their keys, without decoding. REQUIRES: whole changes. */
export function compareChangeKeys(a: EncodedChange, b: EncodedChange): number {
  const startA = keyOffset(a);
  const startB = keyOffset(b);
  const lengthA = readU16(a, startA - 2);
  const lengthB = readU16(b, startB - 2);
  const shared = Math.min(lengthA, lengthB);
  for (let i = 0; i < shared; i++) {
    const difference = (a[startA + i] as number) - (b[startB + i] as number);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}

const keyOffset = (change: EncodedChange): number =>
  isTombstone(change) ? TOMBSTONE_KEY_OFFSET : KEY_OFFSET;

/** Length of the value that readers see, without decoding the rest. REQUIRES: a whole record. */
export function recordValueLength(record: EncodedChange): number {
  const offset = valueOffset(record);
  return isSealed(record) ? readU64(record, offset) : record.length - offset;
}

/** Length of the value that readers see. */
export const valueLength = (record: StoredRecord): number =>
  record.seal?.length ?? record.value.length;

/** The record's value as it is kept; a view. REQUIRES: a whole record. */
export function recordValue(record: EncodedChange): Uint8Array {
  return record.subarray(valueOffset(record) + (isSealed(record) ? SEAL_BYTES : 0));
}

/** The seal; its hash is a view. REQUIRES: a whole sealed record. */
export function recordSeal(record: EncodedChange): Seal {
  const offset = valueOffset(record);
  const contentHash = record.subarray(offset + 8, offset + SEAL_BYTES);
  return { length: readU64(record, offset), contentHash };
}

function valueOffset(record: EncodedChange): number {
  let offset = KEY_OFFSET + readU16(record, KEY_OFFSET - 2);
  const tagCount = readU16(record, offset);
  offset += 2;
  for (let i = 0; i < tagCount; i++) offset += 2 + readU16(record, offset);
  return offset;
}

/** Writes version and times into an encoded record. REQUIRES: the bytes are the caller's own. */
export function stampRecord(
  record: EncodedChange,
  stamp: Pick<StoredRecord, "version" | "createdAt" | "updatedAt">,
): void {
  writeU64(record, VERSION_OFFSET, stamp.version);
  writeU64(record, CREATED_OFFSET, stamp.createdAt);
  writeU64(record, UPDATED_OFFSET, stamp.updatedAt);
}

/** The same change under another version, as a copy. */
export function withVersion(change: EncodedChange, version: number): EncodedChange {
  const copy = new Uint8Array(change);
  writeU64(copy, VERSION_OFFSET, version);
  return copy;
}

/** The part of an encoded record that the state digest hashes; a view. REQUIRES: no sealed record. */
export function recordContent(record: EncodedChange): Uint8Array {
  return record.subarray(CONTENT_OFFSET);
}
