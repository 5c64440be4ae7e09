// How many stores stand on each backend, so that the last one to close can close it. The count hangs on the
// backend, so that several copies of this package agree.
import type { StorageBackend } from "../backend.js";

const STORES = Symbol.for("nadb.stores");
type Counted = StorageBackend & { [STORES]?: number };

export function retain(backend: Counted): void {
  backend[STORES] = (backend[STORES] ?? 0) + 1;
}

/** Answers whether this was the last one. */
export function release(backend: Counted): boolean {
  backend[STORES] = (backend[STORES] ?? 1) - 1;
  return backend[STORES] === 0;
}
