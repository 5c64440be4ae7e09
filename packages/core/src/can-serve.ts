// Whether a namespace can still tell what came behind a checkpoint; one change is read at most.
import type { Checkpoint, StorageNamespace } from "./backend.js";
import { isNadbError } from "./errors.js";

export async function canServe(
  namespace: StorageNamespace,
  checkpoint: Checkpoint,
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  try {
    for await (const _ of namespace.changes(checkpoint, { ...options, pageBytes: 1 })) break;
    return true;
  } catch (error) {
    if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
    return false;
  }
}
