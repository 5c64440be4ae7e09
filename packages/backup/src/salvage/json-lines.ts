// The lines of a damaged JSON file: each is read by itself, so that one that is damaged takes no other with it. Our writer puts
// each change on a line of its own, and no line feed stands inside of one.
import { concatBytes, type EncodedChange, isNadbError } from "@nadb/core";
import { MAX_ELEMENT_BYTES } from "../json/elements.js";
import { changeOf } from "../json/lines.js";
import { isObject } from "../manifest.js";
import type { Stretch } from "./text.js";

/** A change, or why there is none. */
export interface Line {
  /** Counted from 1; null behind damage that may have held any number. */
  readonly number: number | null;
  /** In the file: its own, or of a packed one those of the member. */
  readonly bytes: { readonly start: number; readonly end: number };
  readonly change?: EncodedChange;
  readonly why: string;
  readonly isProven: boolean;
  /** Of lines; null: unknown. One where there is a change. */
  readonly count: number | null;
}

const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Behind the end of the array only changes count; where it does not end, lines are missing. */
export async function* linesOf(
  stretches: AsyncIterable<Stretch>,
  isPacked: boolean,
): AsyncGenerator<Line, void, undefined> {
  let number: number | null = 1;
  let hasEnded = false;
  let size = 0;
  for await (const stretch of stretches) {
    const { isProven, isTorn } = stretch;
    size = stretch.end;
    for await (const { text, at } of rawLines(stretch.chunks)) {
      const bytes = isPacked ? placeOf(stretch) : { start: at, end: at + text.length };
      const read = readLine(text);
      hasEnded = read === "end" || (hasEnded && !hasChange(read));
      if (read === "end" || read === "around" || (hasEnded && !hasChange(read))) continue;
      if (isTorn && !hasChange(read)) break;
      yield { number, bytes, isProven, count: number && 1, ...read };
      if (number !== null) number++;
    }
    if (!isTorn || hasEnded) continue;
    yield restOf(placeOf(stretch), number, "it does not unpack");
    number = null;
  }
  if (!hasEnded) yield restOf({ start: size, end: size }, number, "the array does not end");
}

const placeOf = ({ start, end }: Stretch): Line["bytes"] => ({ start, end });

const restOf = (bytes: Line["bytes"], number: number | null, why: string): Line => ({
  number,
  bytes,
  isProven: false,
  count: null,
  why,
});

/** Lines without their ends; the last one may have none. */
async function* rawLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<{ readonly text: Uint8Array; readonly at: number }, void, undefined> {
  let parts: Uint8Array[] = [];
  let at = 0;
  let offset = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      yield { text: concatBytes([...parts, chunk.subarray(from, end)]), at };
      parts = [];
      from = end + 1;
      at = offset + from;
    }
    parts.push(chunk.subarray(from));
    offset += chunk.length;
  }
  yield { text: concatBytes(parts), at };
}

type Read = "end" | "around" | Pick<Line, "change" | "why">;

const hasChange = (read: Read): boolean => typeof read === "object" && read.change !== undefined;

function readLine(text: Uint8Array): Read {
  const line = withoutCommas(text);
  if (line.length === 1 && line[0] === CLOSE_ARRAY) return "end";
  if (line.length === 0 || (line.length === 1 && line[0] === OPEN_ARRAY)) return "around";
  if (line.length > MAX_ELEMENT_BYTES) return { why: "it is too long" };
  try {
    const fields: unknown = JSON.parse(decoder.decode(line));
    return isObject(fields) ? { change: changeOf(fields), why: "" } : { why: "it is no object" };
  } catch (error) {
    return { why: isNadbError(error) ? error.message : "it is no JSON" };
  }
}

function withoutCommas(text: Uint8Array): Uint8Array {
  const start = text[0] === COMMA ? 1 : 0;
  const end = text.at(-1) === COMMA ? text.length - 1 : text.length;
  return text.subarray(start, Math.max(start, end));
}
