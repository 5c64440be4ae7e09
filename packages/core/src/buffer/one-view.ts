// Several reads of one namespace that must fit together. No call brings tag counts and records at once; but when the
// checkpoint before them is the one after them, nothing changed in between.
import type { StorageNamespace } from "../backend.js";

const ATTEMPTS = 4;

/**
 * `read` makes its calls at once; it is repeated when the namespace changed under it. Where writers leave it no
 * rest, the last attempt counts: its parts may then be a commit apart.
 */
export async function oneView<T>(
  namespace: StorageNamespace,
  read: () => Promise<T>,
  options: { readonly signal?: AbortSignal },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const [before, result, after] = await Promise.all([
      namespace.head(options),
      read(),
      namespace.head(options),
    ]);
    if (before.checkpoint === after.checkpoint || attempt === ATTEMPTS) return result;
  }
}
