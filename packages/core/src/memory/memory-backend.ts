// The memory backend: the embedded layer over a sorted tree. For tests, caches and trying things out.
import type { BackendCapabilities, StorageBackend } from "../backend.js";
import { EmbeddedBackend, type EmbeddedOptions } from "../embedded/backend.js";
import { MAX_KEY_BYTES, MAX_TAG_BYTES } from "../limits.js";
import { MemoryKv } from "./memory-kv.js";

const capabilities: BackendCapabilities = {
  durable: false,
  multiProcess: false,
  snapshots: true,
  transactions: true,
  buffering: false,
  maxKeyBytes: MAX_KEY_BYTES,
  maxTagBytes: MAX_TAG_BYTES,
  maxValueBytes: 256 * 1024 * 1024,
};

/** A store in this process's memory; it is gone when the backend closes. */
export function memoryBackend(options: EmbeddedOptions = {}): StorageBackend {
  return new EmbeddedBackend(
    { name: "memory", capabilities, openKv: async () => new MemoryKv() },
    options,
  );
}
