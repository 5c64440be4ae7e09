// The change feed. Redis has no snapshots, so a run chases the feed of a partition, page after page, until one that was read
// in the same instant as its head leaves nothing behind; a key that changes meanwhile comes once more, and the later
// change counts. Of several partitions each is followed to a cut of its own.
import type { ChangePage, ChangesOptions, Checkpoint, EncodedChange } from "@nadb/core";
import { invalidArgument } from "@nadb/core";
import { unlessAborted } from "./abort.js";
import {
  areAtOne,
  EMPTY_CHECKPOINT,
  EMPTY_HEAD,
  expired,
  joinHeads,
  type PartitionHead,
  parseFacts,
  pointsOf,
} from "./head-fields.js";
import type { Reply } from "./link.js";
import { word } from "./link.js";
import type { Answer, Partition } from "./partition.js";
import type { Root } from "./root.js";
import { scripts } from "./scripts.js";

const DEFAULT_PAGE_BYTES = 1 << 20;
/** Changes that one script reads. */
const PAGE_CHANGES = 512;

interface Cursor {
  readonly after: string;
  /** Tombstones behind this version; "": those from now on, for a run from the beginning needs no others. */
  readonly buriedAfter: string;
  /** Where the run has come, and by whose count: another server may have taken over meanwhile. */
  readonly point: string;
}

interface PartitionPage {
  readonly changes: EncodedChange[];
  readonly head: PartitionHead;
  readonly next: Cursor;
  readonly isEnd: boolean;
}

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
      const pages = partitionRun(
        partitions[index] as Partition,
        facts.generation,
        since,
        run.cursor,
        { pageBytes, signal },
      );
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

const BEGINNING: Cursor = { after: "0", buriedAfter: "", point: "" };

function startsOf(since: Checkpoint | null, generation: string, partitions: number): Cursor[] {
  const all = (cursor: Cursor) => Array.from({ length: partitions }, () => cursor);
  if (since === null || since === EMPTY_CHECKPOINT) return all(BEGINNING);
  return pointsOf(since, generation, partitions).map((point) => {
    const version = point.slice(point.indexOf(":") + 1);
    return version === "0" ? BEGINNING : { after: version, buriedAfter: version, point };
  });
}

/** The next page is on its way while the consumer works on this one. */
async function* partitionRun(
  partition: Partition,
  generation: string,
  since: Checkpoint | null,
  start: Cursor,
  { pageBytes, signal }: { readonly pageBytes: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<PartitionPage, void, undefined> {
  let coming = readPage(partition, generation, since, start, pageBytes);
  for (;;) {
    const page = await unlessAborted(signal, coming);
    if (page.isEnd) return yield page;
    coming = readPage(partition, generation, since, page.next, pageBytes);
    coming.catch(() => undefined); // told by the await above, unless the consumer has left
    yield page;
  }
}

async function readPage(
  partition: Partition,
  generation: string,
  since: Checkpoint | null,
  cursor: Cursor,
  pageBytes: number,
): Promise<PartitionPage> {
  const limit = Math.floor(Math.max(1, Math.min(PAGE_CHANGES, pageBytes)));
  const most = Math.floor(Math.max(1, pageBytes));
  const args = [cursor.after, cursor.buriedAfter, limit, most, cursor.point];
  const answer = await partition.read(scripts.page, args);
  const over = (why: string) => expired(since ?? `of a run that had come to ${cursor.after}`, why);
  if (answer === undefined) throw over("the namespace has been dropped since");
  if (word(answer[0]) === "expired") throw over(word(answer[1]));
  const page = pageOf(answer);
  if (page.head.generation === generation) return page;
  throw over("the namespace's content has been replaced since");
}

function pageOf([, facts, after, buriedAfter, isEnd, ...changes]: Answer): PartitionPage {
  const head = parseFacts(facts as readonly Reply[]);
  const reached = word(after);
  return {
    changes: changes as Buffer[],
    head,
    next: { after: reached, buriedAfter: word(buriedAfter), point: `${head.server}:${reached}` },
    isEnd: word(isEnd) === "1",
  };
}
