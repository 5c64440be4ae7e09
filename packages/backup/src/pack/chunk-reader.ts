// Takes exact lengths from a stream of chunks of known total size. A length beyond the end is refused before
// anything is allocated for it.
import { concatBytes, corruption } from "@nadb/core";

export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #size: number;
  #current: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, size: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#size = size;
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#size - this.#offset;
  }

  /** May be a view of a chunk. */
  async take(length: number, what: string): Promise<Uint8Array> {
    if (length > this.remaining) {
      throw corruption(
        `${what} at byte ${this.#offset} needs ${length} bytes, ${this.remaining} are left`,
      );
    }
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#current.length === 0) this.#current = await this.#next(what);
      const part = this.#current.subarray(0, missing);
      this.#current = this.#current.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    this.#offset += length;
    return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts);
  }

  /** Throws unless the stream ends here. */
  async end(): Promise<void> {
    let rest = this.#current.length;
    while (rest === 0) {
      const next = await this.#chunks.next();
      if (next.done) return;
      rest = next.value.length;
    }
    throw corruption(`bytes follow the end at byte ${this.#offset}`);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(what: string): Promise<Uint8Array> {
    const next = await this.#chunks.next();
    if (next.done) throw corruption(`${what} at byte ${this.#offset}: the file ends early`);
    return next.value;
  }
}
