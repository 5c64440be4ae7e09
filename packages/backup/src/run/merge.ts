// Merging runs: each comes in the order of its keys, each key once, and so does what comes out. Where several runs hold a
// key the newest one counts, and what the older ones say is passed over. Memory is one batch of each run.
import { compareChangeKeys, type EncodedChange } from "@nadb/core";

/** Changes in key order, a batch at a time. */
export type SortedRun = AsyncIterable<readonly EncodedChange[]>;

/** Changes handed on at a time, and their bytes. */
const BATCH = 1_024;
const BATCH_BYTES = 1 << 20;

/** @param runs the oldest first. */
export async function* mergeRuns(
  runs: readonly SortedRun[],
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  const [only, second] = runs;
  if (only !== undefined && second === undefined) {
    yield* only;
    return;
  }
  const cursors = runs.map((run, rank) => new Cursor(run, rank));
  try {
    yield* mergeCursors(cursors);
  } finally {
    await Promise.allSettled(cursors.map((cursor) => cursor.close()));
  }
}

async function* mergeCursors(
  cursors: readonly Cursor[],
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  const heap: Cursor[] = [];
  for (const cursor of cursors) {
    if (await cursor.load()) push(heap, cursor);
  }
  let batch: EncodedChange[] = [];
  let bytes = 0;
  let last: EncodedChange | undefined;
  for (let first = heap[0]; first !== undefined; first = heap[0]) {
    const { change } = first;
    if (last === undefined || compareChangeKeys(last, change) !== 0) {
      batch.push(change);
      bytes += change.length;
      last = change;
    }
    if (!first.advance() && !(await first.load())) dropFirst(heap);
    else sink(heap, 0);
    if (batch.length < BATCH && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** A run of one batch. */
export async function* only<T>(batch: T): AsyncGenerator<T, void, undefined> {
  yield batch;
}

/** Where one run stands. */
class Cursor {
  readonly #batches: AsyncIterator<readonly EncodedChange[]>;
  #batch: readonly EncodedChange[] = [];
  #index = 0;

  constructor(
    run: SortedRun,
    readonly rank: number,
  ) {
    this.#batches = run[Symbol.asyncIterator]();
  }

  /** REQUIRES: the last `load` or `advance` answered true. */
  get change(): EncodedChange {
    return this.#batch[this.#index] as EncodedChange;
  }

  /** Answers false at the end of the batch. */
  advance(): boolean {
    return ++this.#index < this.#batch.length;
  }

  /** Takes the next batch; answers false at the end of the run. */
  async load(): Promise<boolean> {
    do {
      const next = await this.#batches.next();
      if (next.done) return false;
      this.#batch = next.value;
      this.#index = 0;
    } while (this.#batch.length === 0);
    return true;
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}

/** By key; of one key the newest run first. */
function comesBefore(a: Cursor, b: Cursor): boolean {
  const order = compareChangeKeys(a.change, b.change);
  return order === 0 ? a.rank > b.rank : order < 0;
}

// A binary heap: the first stands at 0, the children of i at 2i + 1 and 2i + 2.

function push(heap: Cursor[], cursor: Cursor): void {
  let at = heap.push(cursor) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!comesBefore(cursor, heap[parent] as Cursor)) break;
    heap[at] = heap[parent] as Cursor;
    at = parent;
  }
  heap[at] = cursor;
}

function dropFirst(heap: Cursor[]): void {
  const last = heap.pop() as Cursor;
  if (heap.length === 0) return;
  heap[0] = last;
  sink(heap, 0);
}

function sink(heap: Cursor[], from: number): void {
  const cursor = heap[from] as Cursor;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    const right = child + 1;
    if (right < heap.length && comesBefore(heap[right] as Cursor, heap[child] as Cursor))
      child = right;
    if (!comesBefore(heap[child] as Cursor, cursor)) break;
    heap[at] = heap[child] as Cursor;
    at = child;
  }
  heap[at] = cursor;
}
