// Writes a run as a JSON array, one change per line, as a stream. Compressed it is a row of gzip members, each of about
// 1 MiB of whole lines and packed on its own, several at once; every gzip reads them as one text.
import { concatBytes, type EncodedChange } from "@nadb/core";
import { gzip } from "#gzip";
import { mapInOrder } from "../pipeline.js";
import { lineOf } from "./lines.js";

/** Text that is packed or written at a time; a single longer line goes alone. */
const CHUNK_BYTES = 1 << 20;
const GZIP_LEVEL = 3;

/** How the text as a whole is packed. */
export type TextCodec = "gzip" | "none";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const BEGIN = encode("[\n");
const NEXT = encode(",\n");
const LINE_FEED = encode("\n");
const END = encode("]\n");

/** The file's bytes, in chunks. */
export async function* encodeJson(
  batches: AsyncIterable<readonly EncodedChange[]>,
  codec: TextCodec,
  line: (change: EncodedChange) => Uint8Array = lineOf,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = arrayText(batches, line);
  if (codec === "none") yield* chunks;
  else
    yield* mapInOrder(
      chunks,
      ({ length }) => length,
      (chunk) => gzip(chunk, GZIP_LEVEL),
    );
}

async function* arrayText(
  batches: AsyncIterable<readonly EncodedChange[]>,
  line: (change: EncodedChange) => Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let before = BEGIN;
  for await (const batch of batches) {
    for (const change of batch) {
      const text = line(change);
      parts.push(before, text);
      length += before.length + text.length;
      before = NEXT;
      if (length < CHUNK_BYTES) continue;
      yield concatBytes(parts);
      parts = [];
      length = 0;
    }
  }
  yield concatBytes([...parts, before === BEGIN ? BEGIN : LINE_FEED, END]);
}
