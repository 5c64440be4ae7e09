// One change as a line of JSON, and back. docs/format.md says the same in prose; a test compares them.
//
//   record      {"key", "value": base64, "tags": [...], "metadata": {"created_at", "last_updated", "ttl", "expires_at",
//               "version"}, "checksum": SHA-256 of the value in hex}
//   tombstone   {"key", "deleted": true, "metadata": {"deleted_at", "version"}}
//
// Times are ISO 8601 in UTC with an offset (times.ts); ttl is what lies between last_updated and expires_at, in seconds;
// both are null for a record that does not expire.
import {
  canonicalTags,
  corruption,
  decodeChange,
  type EncodedChange,
  encodeRecord,
  encodeTombstone,
  NadbError,
  quote,
  type StoredRecord,
  sha256,
  type Tombstone,
  toHex,
} from "@nadb/core";
import { base64Length, writeBase64 } from "./base64.js";
import { longestElement } from "./elements.js";
import {
  allowed,
  countOf,
  type Fields,
  keyOf,
  objectOf,
  tagsOf,
  textOf,
  valueBytesOf,
  wrong,
} from "./fields.js";
import { formatTime, parseTime } from "./times.js";

const encoder = new TextEncoder();
/** What a Date can hold. */
const LAST_INSTANT = 8_640_000_000_000_000;

export function lineOf(bytes: EncodedChange): Uint8Array {
  const change = decodeChange(bytes);
  if (change.type === "tombstone")
    return encoder.encode(JSON.stringify(tombstoneJson(change.tombstone)));
  return recordLine(change.record, metadataJson(change.record));
}

const tombstoneJson = ({ key, deletedAt, version }: Tombstone): Fields => ({
  key,
  deleted: true,
  metadata: { deleted_at: timeText(key, deletedAt), version },
});

function metadataJson({ key, createdAt, updatedAt, expiresAt, version }: StoredRecord): Fields {
  return {
    created_at: timeText(key, createdAt),
    last_updated: timeText(key, updatedAt),
    ttl: expiresAt === undefined ? null : secondsBetween(updatedAt, expiresAt),
    expires_at: expiresAt === undefined ? null : timeText(key, expiresAt),
    version,
  };
}

export const secondsBetween = (from: number, to: number): number => (to - from) / 1_000;

function timeText(key: string, ms: number): string {
  if (ms <= LAST_INSTANT) return formatTime(ms);
  throw unwritable(key, `has a time beyond all dates: ${ms}`);
}

/** The value goes from bytes to bytes: as a string it would be there twice more. */
export function recordLine({ key, value, tags }: StoredRecord, metadata: Fields): Uint8Array {
  const rest = JSON.stringify({ tags, metadata, checksum: toHex(sha256(value)) });
  const head = encoder.encode(`{"key":${JSON.stringify(key)},"value":"`);
  const tail = encoder.encode(`",${rest.slice(1)}`);
  const valueEnd = head.length + base64Length(value.length);
  const length = valueEnd + tail.length;
  const longest = longestElement(value.length);
  if (length > longest)
    throw unwritable(
      key,
      `makes a line of ${length} bytes, the longest there may be has ${longest}`,
    );
  const line = new Uint8Array(length);
  line.set(head);
  writeBase64(line, head.length, value);
  line.set(tail, valueEnd);
  return line;
}

export const unwritable = (key: string, what: string): NadbError =>
  new NadbError("NADB_UNSUPPORTED", `the record ${quote(key)} ${what}`, {
    hint: 'take the backup in the format "pack"',
  });

/** Throws NADB_CORRUPTION for anything that `lineOf` can not have written. */
export function changeOf(fields: Fields): EncodedChange {
  if (fields.deleted !== undefined) return tombstoneOf(fields);
  const metadata = objectOf(fields, "metadata");
  const updatedAt = timeOf(metadata, "last_updated");
  const record = {
    key: keyOf(fields),
    value: valueBytesOf(fields),
    tags: orderedTags(fields),
    createdAt: timeOf(metadata, "created_at"),
    updatedAt,
    version: countOf(metadata, "version"),
  };
  const expiresAt = expiryOf(metadata, updatedAt);
  return encodeRecord(expiresAt === undefined ? record : { ...record, expiresAt });
}

function tombstoneOf(fields: Fields): EncodedChange {
  if (fields.deleted !== true) throw wrong("deleted", fields.deleted, "true");
  const metadata = objectOf(fields, "metadata");
  return encodeTombstone({
    key: keyOf(fields),
    deletedAt: timeOf(metadata, "deleted_at"),
    version: countOf(metadata, "version"),
  });
}

function orderedTags(fields: Fields): readonly string[] {
  const tags = tagsOf(fields);
  const canonical = allowed(() => canonicalTags(tags));
  if (canonical.length === tags.length && canonical.every((tag, i) => tag === tags[i])) return tags;
  throw corruption(`tags ${quote(tags)} are not in their order, each once`);
}

function timeOf(fields: Fields, name: string): number {
  const text = textOf(fields, name);
  const time = parseTime(text);
  if (time === undefined || time < 0 || formatTime(time) !== text)
    throw wrong(name, text, "a time in UTC to the millisecond with an offset");
  return time;
}

/** Both ways to say it must agree. */
function expiryOf(metadata: Fields, updatedAt: number): number | undefined {
  const { ttl, expires_at: text } = metadata;
  if (ttl === null && text === null) return undefined;
  const expiresAt = timeOf(metadata, "expires_at");
  if (ttl !== secondsBetween(updatedAt, expiresAt) || expiresAt === 0)
    throw corruption(`ttl is ${quote(ttl)}, which does not go with expires_at ${quote(text)}`);
  return expiresAt;
}
