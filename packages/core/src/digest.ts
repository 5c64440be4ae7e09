// The state digest: XOR of SHA-256 over the content of every live record. It does not depend on order, so a
// commit keeps it true by XORing out what it replaces and XORing in what it writes, and any two backends,
// runs or machines that hold the same records agree on it. It finds faults; it is no signature.
import { sha256 } from "#sha256";
import type { EncodedChange } from "./backend.js";
import { fromHex, toHex } from "./bytes.js";
import { corruption } from "./errors.js";
import { isSealed, recordContent, recordSeal } from "./record.js";

export const DIGEST_BYTES = 32;

/** The digest of a namespace without records. */
export const EMPTY_DIGEST = "0".repeat(2 * DIGEST_BYTES);

/** What the state digest adds up. REQUIRES: no sealed record; one of those says it itself. */
export const contentHash = (record: EncodedChange): Uint8Array => sha256(recordContent(record));

export class StateDigest {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(DIGEST_BYTES)) {
    if (bytes.length !== DIGEST_BYTES) throw corruption(`a state digest of ${bytes.length} bytes`);
    this.#bytes = new Uint8Array(bytes);
  }

  static fromHex(hex: string): StateDigest {
    return new StateDigest(fromHex(hex));
  }

  /** Adds the record, or takes it away when it is in: XOR is its own inverse. Of a sealed one, what its seal says. */
  toggle(record: EncodedChange): void {
    this.xor(isSealed(record) ? recordSeal(record).contentHash : contentHash(record));
  }

  xor(other: Uint8Array): void {
    for (let i = 0; i < DIGEST_BYTES; i++)
      this.#bytes[i] = (this.#bytes[i] as number) ^ (other[i] as number);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice();
  }

  toHex(): string {
    return toHex(this.#bytes);
  }
}
