// SHA-256 in plain JavaScript, for runtimes without node:crypto.
import { sha256 as noble } from "@noble/hashes/sha2.js";

/** A hash of bytes that come piece by piece. Valid until `digest`. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** The 32 bytes of the digest. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return noble(bytes);
}

export function createSha256(): Sha256 {
  const hasher = noble.create();
  return {
    update: (bytes) => void hasher.update(bytes),
    digest: () => hasher.digest(),
  };
}
