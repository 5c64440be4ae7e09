// How many stores stand on each backend, so that the last one to close can close it.
import type { StorageBackend } from "./backend.js";

const stores = new WeakMap<StorageBackend, number>();

export function retain(backend: StorageBackend): void {
  stores.set(backend, (stores.get(backend) ?? 0) + 1);
}

/** Answers whether this was the last one. */
export function release(backend: StorageBackend): boolean {
  const left = (stores.get(backend) ?? 1) - 1;
  stores.set(backend, left);
  return left === 0;
}
