// Reads a JSON array of records as a stream, compressed or not. An element that can not be read fails all of it.
import { corruption, type EncodedChange, isNadbError } from "@nadb/core";
import { gunzipStream } from "#gunzip-stream";
import { isObject } from "../manifest.js";
import { elementsOf } from "./elements.js";
import type { Fields } from "./fields.js";
import type { TextCodec } from "./writer.js";

/** Changes handed on at a time, in bytes. */
const BATCH_BYTES = 1 << 20;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface DecodeJsonOptions {
  readonly codec: TextCodec;
  /** Of one element; a longer one is damage. */
  readonly maxBytes: number;
  /** Makes a change of an element; `number` counts them from 1. */
  readonly read: (fields: Fields, number: number) => EncodedChange;
}

/**
 * The changes in the order of the file. Throws NADB_CORRUPTION at the first thing wrong; only an iteration that reaches its
 * end has seen all of it.
 */
export async function* decodeJson(
  chunks: AsyncIterable<Uint8Array>,
  { codec, maxBytes, read }: DecodeJsonOptions,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  let batch: EncodedChange[] = [];
  let bytes = 0;
  let number = 0;
  const text = codec === "none" ? chunks : gunzipStream(chunks);
  for await (const elements of elementsOf(text, maxBytes)) {
    for (const element of elements) {
      const change = readElement(element, ++number, read);
      batch.push(change);
      bytes += change.length;
    }
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function readElement(
  element: Uint8Array,
  number: number,
  read: (fields: Fields, number: number) => EncodedChange,
): EncodedChange {
  try {
    return read(parse(element), number);
  } catch (error) {
    throw isNadbError(error, "NADB_CORRUPTION")
      ? corruption(`record ${number}: ${error.message}`)
      : error;
  }
}

function parse(element: Uint8Array): Fields {
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(element));
  } catch {
    throw corruption("it is no JSON");
  }
  if (isObject(json)) return json;
  throw corruption("it is no object");
}
