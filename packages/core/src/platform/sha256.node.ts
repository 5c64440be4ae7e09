// SHA-256 by Node's OpenSSL. Same interface as sha256.portable.ts; package.json "imports" chooses.
import { createHash, hash } from "node:crypto";
import type { Sha256 } from "./sha256.portable.js";

/** The 32 bytes of the digest. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}

export function createSha256(): Sha256 {
  const hasher = createHash("sha256");
  return {
    update: (bytes) => void hasher.update(bytes),
    digest: () => hasher.digest(),
  };
}
