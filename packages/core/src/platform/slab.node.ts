// Small copies share a slab: an allocation each would cost more than the copying. The slab can not be transferred to
// another thread, which would empty every copy in it.
import { markAsUntransferable } from "node:worker_threads";

const SLAB_BYTES = 8192;
const LARGEST_IN_SLAB = 1024;
let slab = newSlab();
let used = 0;

function newSlab(): Uint8Array {
  const bytes = new Uint8Array(SLAB_BYTES);
  markAsUntransferable(bytes.buffer);
  return bytes;
}

/** A copy that the caller owns. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > LARGEST_IN_SLAB) return new Uint8Array(bytes); // not slice: a Buffer's is a view
  if (used + length > SLAB_BYTES) {
    slab = newSlab();
    used = 0;
  }
  const copy = slab.subarray(used, used + length);
  used += length;
  for (let i = 0; i < length; i++) copy[i] = bytes[i] as number;
  return copy;
}
