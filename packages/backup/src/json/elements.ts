// Splits a JSON array of objects into the bytes of its elements, as a stream. It knows strings, escapes and depth, no more:
// whether an element is JSON its parser tells. White space may stand wherever JSON has it. Memory is one element, and
// its limit is checked before anything is kept of it.
import { concatBytes, corruption, type NadbError } from "@nadb/core";
import { base64Length } from "./base64.js";

/** Largest element that is read or written: a value of 256 MiB in base64, and what goes with it. */
export const MAX_ELEMENT_BYTES = 384 << 20;
/** What may stand beside the value: all the tags that a record can have. */
const MAX_BESIDE_BYTES = 20 << 20;

/** Bytes of the largest element with a value of so many bytes. */
export const longestElement = (valueBytes: number): number =>
  Math.min(MAX_ELEMENT_BYTES, base64Length(valueBytes) + MAX_BESIDE_BYTES);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** What may come next, outside of elements. */
type Place = "array" | "first" | "element" | "comma" | "nothing";

/** Throws NADB_CORRUPTION for what is no array of objects; only an iteration that reaches its end has seen all of it. */
export async function* elementsOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const splitter = new Splitter(maxBytes);
  for await (const chunk of chunks) {
    const elements = splitter.push(chunk);
    if (elements.length > 0) yield elements;
  }
  splitter.end();
}

class Splitter {
  #place: Place = "array";
  /** Bytes before the current chunk. */
  #offset = 0;
  /** Brackets open in the element; 0 outside of elements. */
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(readonly maxBytes: number) {}

  /** The elements that end in this chunk; they may be views of it. */
  push(chunk: Uint8Array): Uint8Array[] {
    const elements: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#depth === 0 && !this.#beginsElement(chunk[at] as number, at)) {
        at++;
        continue;
      }
      const end = this.#endOfElement(chunk, at);
      this.#keep(chunk.subarray(at, end));
      if (this.#depth === 0) elements.push(this.#taken());
      at = end;
    }
    this.#offset += chunk.length;
    return elements;
  }

  end(): void {
    if (this.#place !== "nothing")
      throw corruption(`the array does not end: there are ${this.#offset} bytes`);
  }

  /** Takes one byte between elements; true for the first one of an element, which it leaves. */
  #beginsElement(byte: number, at: number): boolean {
    if (WHITE_SPACE.has(byte)) return false;
    const place = this.#place;
    if (byte === OPEN_OBJECT && (place === "first" || place === "element")) return true;
    if (byte === OPEN_ARRAY && place === "array") this.#place = "first";
    else if (byte === COMMA && place === "comma") this.#place = "element";
    else if (byte === CLOSE_ARRAY && (place === "first" || place === "comma"))
      this.#place = "nothing";
    else throw this.#unexpected(at);
    return false;
  }

  #unexpected(at: number): NadbError {
    const where = `at byte ${this.#offset + at}`;
    if (this.#place === "array") return corruption(`this is no JSON array: it begins ${where}`);
    if (this.#place === "nothing") return corruption(`something follows the array ${where}`);
    return corruption(`neither a record nor the array's end ${where}`);
  }

  /** Where the element ends that goes on at `from`: behind its last byte, or with the chunk. */
  #endOfElement(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#inString) at = this.#endOfString(chunk, at);
      else if (this.#isEnd(chunk[at++] as number)) break;
    }
    return at;
  }

  /** Takes one byte of an element outside of strings; true for its last one. */
  #isEnd(byte: number): boolean {
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) return --this.#depth === 0;
    return false;
  }

  /** Behind the quote that ends the string, or the end of the chunk. Most bytes are in strings. */
  #endOfString(chunk: Uint8Array, from: number): number {
    let isEscaped = this.#isEscaped;
    let at = from;
    while (at < chunk.length) {
      const byte = chunk[at++];
      if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) isEscaped = true;
      else if (byte === QUOTE) {
        this.#inString = false;
        break;
      }
    }
    this.#isEscaped = isEscaped;
    return at;
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.maxBytes)
      throw corruption(`a record has more than ${this.maxBytes} bytes`);
    this.#parts.push(part);
  }

  #taken(): Uint8Array {
    const [only, second] = this.#parts;
    const element = second === undefined ? (only as Uint8Array) : concatBytes(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#place = "comma";
    return element;
  }
}
