// The change feed. Redis has no snapshots, so a run chases the feed of a partition, page after page, until one that was read
// in the same instant as its head leaves nothing behind; a key that changes meanwhile comes once more, and the later
// change counts. Of several partitions each is followed to a cut of its own.
import type { ChangePage, ChangesOptions, Checkpoint } from "@nadb/core";
import { invalidArgument } from "@nadb/core";
import { unlessAborted } from "./abort.js";
import {
  areAtOne,
  EMPTY_CHECKPOINT,
  EMPTY_HEAD,
  joinHeads,
  type PartitionHead,
  pointsOf,
} from "./head-fields.js";
import type { Partition } from "./partition.js";
import { BEGINNING, type Cursor, partitionRun } from "./partition-run.js";
import type { Root } from "./root.js";

const DEFAULT_PAGE_BYTES = 1 << 20;

export async function* readChanges(
  root: Root,
  partitionsOf: (count: number) => readonly Partition[],
  since: Checkpoint | null,
  options: ChangesOptions,
): AsyncGenerator<ChangePage, void, undefined> {
  const { signal, pageBytes = DEFAULT_PAGE_BYTES } = options;
  if (!(pageBytes > 0)) throw invalidArgument(`pageBytes ${String(pageBytes)} is not above 0`);
  signal?.throwIfAborted();
  const facts = await unlessAborted(signal, root.refresh());
  if (since !== null && since !== EMPTY_CHECKPOINT)
    pointsOf(since, facts?.generation, facts?.partitions ?? 0);
  if (facts === undefined) return yield { changes: [], end: EMPTY_HEAD };
  const runs = startsOf(since, facts.generation, facts.partitions).map((cursor) => ({
    cursor,
    head: undefined as PartitionHead | undefined,
  }));
  const partitions = partitionsOf(facts.partitions);
  const newest = () => Math.max(...runs.map(({ head }) => head?.loads ?? 0));
  do {
    const loads = newest();
    for (const [index, run] of runs.entries()) {
      if (run.head !== undefined && run.head.loads === newest()) continue;
      const partition = partitions[index] as Partition;
      const reading = { partition, generation: facts.generation, since, pageBytes };
      const pages = partitionRun(reading, run.cursor, signal);
      for await (const page of pages) {
        run.cursor = page.next;
        if (page.isEnd) run.head = page.head;
        signal?.throwIfAborted();
        if (page.changes.length > 0) yield { changes: page.changes };
        root.host.checkOpen();
      }
      if ((run.head?.loads ?? 0) < loads) throw root.halfLoaded();
    }
  } while (!areAtOne(runs.flatMap(({ head }) => head ?? [])));
  yield { changes: [], end: joinHeads(runs.map(({ head }) => head as PartitionHead)) };
}

function startsOf(since: Checkpoint | null, generation: string, partitions: number): Cursor[] {
  const all = (cursor: Cursor) => Array.from({ length: partitions }, () => cursor);
  if (since === null || since === EMPTY_CHECKPOINT) return all(BEGINNING);
  return pointsOf(since, generation, partitions).map((point) => {
    const version = point.slice(point.indexOf(":") + 1);
    return version === "0" ? BEGINNING : { after: version, buriedAfter: version, point };
  });
}
