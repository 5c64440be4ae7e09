// A backend whose namespaces compress their values.
import { type CompressionOptions, compressValues, type StorageBackend } from "@nadb/core";
import { override } from "./mutants/mutant.js";

export const compressing = (inner: StorageBackend, options?: CompressionOptions): StorageBackend =>
  override(inner, {
    namespace: async (id) => compressValues(await inner.namespace(id), options),
  });
