// Records as they travel: the arguments of scripts, the fields of hashes, and the canonical encoding of core.
import {
  corruption,
  decodeChange,
  type EncodedChange,
  encodeRecord,
  type Put,
  quote,
  recordContent,
  type Seal,
  type StoredRecord,
  sha256,
} from "@nadb/core";
import type { Argument, Reply } from "./link.js";

const UNSTAMPED = { createdAt: 0, updatedAt: 0, version: 0 };

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What scripts take of a record: value, tags, expires, hash, length. */
type Content = Pick<StoredRecord, "value" | "tags" | "expiresAt" | "seal">;

function contentArguments(content: Content, hash: Uint8Array): Argument[] {
  const { value, tags, expiresAt, seal } = content;
  return [
    bufferOf(value),
    tags.length === 0 ? "" : JSON.stringify(tags),
    expiresAt === undefined ? "" : String(expiresAt),
    bufferOf(hash),
    seal === undefined ? "" : String(seal.length),
  ];
}

/** In bytes of our own: what the caller does to its objects afterwards changes nothing. REQUIRES: canonical tags. */
export function putArguments(put: Put, tags: readonly string[]): Argument[] {
  const { key, expiresAt, seal } = put;
  const record = {
    key,
    tags,
    value: put.value,
    ...UNSTAMPED,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  const encoded = encodeRecord(record);
  const value = encoded.subarray(encoded.length - put.value.length);
  const hash = seal === undefined ? sha256(recordContent(encoded)) : seal.contentHash.slice();
  return ["p", key, ...contentArguments({ ...record, value, ...sealOf(seal) }, hash)];
}

/** Of a change on its way in by a load. */
export function changeArguments(change: EncodedChange): Argument[] {
  const decoded = decodeChange(change);
  if (decoded.type === "tombstone") {
    const { key, deletedAt } = decoded.tombstone;
    return ["d", key, String(deletedAt)];
  }
  const { record } = decoded;
  const hash = record.seal?.contentHash ?? sha256(recordContent(change));
  const times = [String(record.createdAt), String(record.updatedAt)];
  return ["p", record.key, ...contentArguments(record, hash), ...times];
}

const sealOf = (seal: Seal | undefined): { readonly seal?: Seal } =>
  seal === undefined ? {} : { seal };

/** From version, value, tags, created, updated, expires, hash, length. Bytes are copies. */
export function readRecord(key: string, fields: readonly Reply[]): StoredRecord {
  const [version, value, tags, created, updated, expires, hash, length] = fields as Field[];
  if (!version || !value || !created || !updated) {
    throw corruption(`the hash of ${quote(key)} lacks fields of a record`);
  }
  const record = {
    key,
    tags: readTags(tags),
    value: new Uint8Array(value),
    createdAt: Number(created),
    updatedAt: Number(updated),
    version: Number(version),
  };
  const plain = isEmpty(expires) ? record : { ...record, expiresAt: Number(expires) };
  if (!hash || isEmpty(length)) return plain;
  return { ...plain, seal: { length: Number(length), contentHash: new Uint8Array(hash) } };
}

type Field = Buffer | null | undefined;

const isEmpty = (field: Field): boolean => !field || field.length === 0;

const NO_TAGS: readonly string[] = [];

const readTags = (json: Field): readonly string[] =>
  isEmpty(json) ? NO_TAGS : (JSON.parse(String(json)) as string[]);
