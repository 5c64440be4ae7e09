// From pages to a plain iteration.
import type { Page } from "./backend.js";

/**
 * Follows a paged listing to its end, one page in memory at a time:
 * `for await (const key of everyPage((cursor) => store.keys({ prefix, ...cursor })))`.
 */
export async function* everyPage<T>(
  list: (from: { readonly cursor?: string }) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let next: { readonly cursor?: string } = {};
  do {
    const page = await list(next);
    yield* page.items;
    next = page.cursor === undefined ? {} : { cursor: page.cursor };
  } while (next.cursor !== undefined);
}
