// Copies of small byte arrays, where nothing better than an allocation each is known.

/** A copy that the caller owns. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes); // not slice: a Buffer's is a view
}
