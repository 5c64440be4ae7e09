// Answering a tag query. Most are done in one go on the shared reader; one that has to look at many keys goes on in
// slices over a snapshot, so that others have their turn in between and it can be called off.
import type { Page, TagQuery } from "../backend.js";
import { pageLimit } from "../limits.js";
import type { EmbeddedHost } from "./host.js";
import type { ReadTransaction } from "./ordered-kv.js";
import { type QueryView, TagQueryPage } from "./query.js";

/** Keys looked at in one slice: some ten milliseconds. */
const SLICE = 10_000;

/** Undefined for a namespace that was never written to. */
type ViewOf = (tx: ReadTransaction) => QueryView | undefined;

export async function answerQuery(
  host: EmbeddedHost,
  viewOf: ViewOf,
  query: TagQuery,
): Promise<Page<string>> {
  pageLimit(query);
  query.signal?.throwIfAborted();
  const page = host.read((tx) => firstSlice(viewOf(tx), query));
  return page ?? slices(host, viewOf, query);
}

function firstSlice(view: QueryView | undefined, query: TagQuery): Page<string> | undefined {
  if (view === undefined) return query.total === true ? { items: [], total: 0 } : { items: [] };
  const walk = new TagQueryPage(view, query);
  try {
    return walk.advance(SLICE);
  } finally {
    walk.close();
  }
}

/** Begins anew: a page comes from one view. */
async function slices(host: EmbeddedHost, viewOf: ViewOf, query: TagQuery): Promise<Page<string>> {
  const snapshot = host.snapshot();
  const view = viewOf(snapshot.tx);
  const walk = view && new TagQueryPage(view, query);
  try {
    for (;;) {
      const page = walk === undefined ? firstSlice(view, query) : walk.advance(SLICE);
      if (page !== undefined) return page;
      await othersTurn();
      query.signal?.throwIfAborted();
      snapshot.checkOpen();
    }
  } finally {
    walk?.close();
    snapshot.close();
  }
}

const othersTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
