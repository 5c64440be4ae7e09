// The records of a backup by the Python original: an array of {"key", "value": base64, "tags", "metadata": {"created_at",
// "last_updated", "ttl"}, "checksum"} in no order, times local without an offset or with one, ttl in seconds after
// last_updated or null. It knows no deletes and no versions; here a record's place in the file stands for its version.
import {
  type ChangePage,
  canonicalTags,
  checkTime,
  corruption,
  decodeRecord,
  type EncodedChange,
  encodeRecord,
  NadbError,
  quote,
} from "@nadb/core";
import { MAX_ELEMENT_BYTES } from "../json/elements.js";
import {
  allowed,
  type Fields,
  keyOf,
  objectOf,
  tagsOf,
  textOf,
  valueBytesOf,
  wrong,
} from "../json/fields.js";
import { recordLine, secondsBetween } from "../json/lines.js";
import { decodeJson } from "../json/reader.js";
import { formatLocalTime, parseTime } from "../json/times.js";
import type { TextCodec } from "../json/writer.js";
import { Pieces } from "../run/pieces.js";
import { inKeyOrder } from "../run/sort.js";
import { memoryTarget } from "../targets/memory.js";

/**
 * The records in key order, of a key that stands there twice the last. All of them are held in memory while they are
 * sorted. Throws NADB_CORRUPTION, also when there are not `count` of them.
 */
export async function* decodePython(
  chunks: AsyncIterable<Uint8Array>,
  codec: TextCodec,
  count: number,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  const pages = pagesOf(
    decodeJson(chunks, { codec, maxBytes: MAX_ELEMENT_BYTES, read: readRecord }),
    count,
  );
  yield* inKeyOrder(pages, new Pieces(memoryTarget(), "python"));
}

async function* pagesOf(
  batches: AsyncIterable<readonly EncodedChange[]>,
  count: number,
): AsyncGenerator<ChangePage, void, undefined> {
  let found = 0;
  for await (const changes of batches) {
    found += changes.length;
    yield { changes };
  }
  if (found !== count) throw corruption(`file_count is ${found}, the index says ${count}`);
}

function readRecord(fields: Fields, number: number): EncodedChange {
  const metadata = objectOf(fields, "metadata");
  const updatedAt = timeOf(metadata, "last_updated");
  const record = {
    key: keyOf(fields),
    value: valueBytesOf(fields),
    tags: allowed(() => canonicalTags(tagsOf(fields))),
    createdAt: timeOf(metadata, "created_at"),
    updatedAt,
    version: number,
  };
  const expiresAt = expiryOf(metadata, updatedAt);
  return encodeRecord(expiresAt === undefined ? record : { ...record, expiresAt });
}

function timeOf(fields: Fields, name: string): number {
  const text = textOf(fields, name);
  const time = parseTime(text);
  if (time === undefined || time < 0) throw wrong(name, text, "a time");
  return time;
}

function expiryOf({ ttl }: Fields, updatedAt: number): number | undefined {
  if (ttl === null) return undefined;
  if (typeof ttl !== "number") throw wrong("ttl", ttl, "a number of seconds or null");
  const expiresAt = updatedAt + Math.round(ttl * 1_000);
  allowed(() => checkTime("the end of its ttl", expiresAt));
  return expiresAt;
}

/** A record as the Python original has it: local times, none after the year 9999. */
export function pythonLine(change: EncodedChange): Uint8Array {
  const record = decodeRecord(change);
  const { key, createdAt, updatedAt, expiresAt } = record;
  return recordLine(record, {
    created_at: localTime(key, createdAt),
    last_updated: localTime(key, updatedAt),
    ttl: expiresAt === undefined ? null : secondsBetween(updatedAt, expiresAt),
  });
}

function localTime(key: string, ms: number): string {
  if (new Date(ms).getFullYear() <= 9_999) return formatLocalTime(ms);
  throw new NadbError("NADB_UNSUPPORTED", `a time of the record ${quote(key)} is none in Python`, {
    hint: "restore the backup without this record, and export a backup of that",
  });
}
