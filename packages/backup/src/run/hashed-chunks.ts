// Hashing a file while it is written or read.
import { createSha256, toHex } from "@nadb/core";

/** Passes the chunks on and hashes them; `checksum` is true once all have passed. */
export class HashedChunks {
  readonly #hasher = createSha256();
  size = 0;

  async *pass(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      this.#hasher.update(chunk);
      this.size += chunk.length;
      yield chunk;
    }
  }

  /** As a manifest has it. Call it once, at the end. */
  checksum(): string {
    return `sha256:${toHex(this.#hasher.digest())}`;
  }
}
