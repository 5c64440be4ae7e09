// The run of one partition, page by page. From the beginning its records are read between marks, two pages on their way, so
// that the server need not wait until we have taken one in to be told where the next one begins. INVARIANT: a key that changes
// leaves its place between marks for the end of the feed, which is read last, one page after the other; so of each key the
// last change that is given is the latest.
import type { Checkpoint, EncodedChange } from "@nadb/core";
import { unlessAborted } from "./abort.js";
import { expired, type PartitionHead, parseFacts } from "./head-fields.js";
import { type Argument, type Reply, type Script, word } from "./link.js";
import type { Answer, Partition } from "./partition.js";
import { scripts } from "./scripts.js";

/** Changes that one script reads. */
const PAGE_CHANGES = 512;
/** Marks that one script looks for. */
const MARKS = 1_000;
/** Between marks; the consumer works on another page. */
const PAGES_UNDER_WAY = 2;

export interface Cursor {
  readonly after: string;
  /** Tombstones behind this version, never before `after`; "": those from now on, a run from the beginning needs no others. */
  readonly buriedAfter: string;
  /** What the run rests on, and by whose count: another server may have taken over meanwhile, and know less. */
  readonly point: string;
}

export const BEGINNING: Cursor = { after: "0", buriedAfter: "", point: "" };

export interface PartitionPage {
  readonly changes: EncodedChange[];
  readonly head: PartitionHead;
  readonly next: Cursor;
  readonly isEnd: boolean;
}

/** What is read, and how much at a time. */
export interface Reading {
  readonly partition: Partition;
  readonly generation: string;
  readonly since: Checkpoint | null;
  readonly pageBytes: number;
}

export async function* partitionRun(
  reading: Reading,
  start: Cursor,
  signal: AbortSignal | undefined,
): AsyncGenerator<PartitionPage, void, undefined> {
  const cursor = start === BEGINNING ? yield* fromBeginning(reading, signal) : start;
  yield* toTheEnd(reading, cursor, signal);
}

/** The next page is on its way while the consumer works on this one. */
async function* toTheEnd(
  reading: Reading,
  start: Cursor,
  signal: AbortSignal | undefined,
): AsyncGenerator<PartitionPage, void, undefined> {
  let coming = readPage(reading, start);
  for (;;) {
    const page = await unlessAborted(signal, coming);
    if (page.isEnd) return yield page;
    coming = readPage(reading, page.next);
    coming.catch(() => undefined); // told by the await above, unless the consumer has left
    yield page;
  }
}

/** Up to the last mark before what has changed since; the tombstones from then on are left to be read. */
async function* fromBeginning(
  reading: Reading,
  signal: AbortSignal | undefined,
): AsyncGenerator<PartitionPage, Cursor, undefined> {
  let cursor = BEGINNING;
  for (;;) {
    const { marks, head } = await unlessAborted(signal, readMarks(reading, cursor));
    const now = { buriedAfter: String(head.version), point: `${head.server}:${head.version}` };
    if (cursor === BEGINNING) cursor = { ...cursor, ...now };
    const { buriedAfter } = cursor;
    const old = marks.filter((mark) => Number(mark) <= Number(buriedAfter));
    yield* betweenMarks(reading, cursor, old, signal);
    cursor = { ...cursor, after: old.at(-1) ?? cursor.after };
    if (old.length < MARKS) return cursor;
  }
}

interface Span {
  readonly after: string;
  readonly to: string;
}

/** A page that is full before its mark is followed by another, in any order. */
async function* betweenMarks(
  reading: Reading,
  { after, point }: Cursor,
  marks: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<PartitionPage, void, undefined> {
  const spans = marks.map((to, i): Span => ({ after: marks[i - 1] ?? after, to }));
  const coming: { readonly span: Span; readonly page: Promise<PartitionPage> }[] = [];
  const ask = (): void => {
    while (coming.length < PAGES_UNDER_WAY && spans.length > 0) {
      const span = spans.shift() as Span;
      const page = readSpan(reading, span, point);
      page.catch(() => undefined); // told by the await below, unless the consumer has left
      coming.push({ span, page });
    }
  };
  for (ask(); coming.length > 0; ) {
    const { span, page } = coming.shift() as (typeof coming)[number];
    const { isEnd, ...read } = await unlessAborted(signal, page);
    if (!isEnd) spans.unshift({ ...span, after: read.next.after });
    ask();
    yield { ...read, isEnd: false };
  }
}

async function readMarks(
  reading: Reading,
  { after }: Cursor,
): Promise<{ readonly marks: readonly string[]; readonly head: PartitionHead }> {
  const args = [after, changesOf(reading), MARKS];
  const [, facts, ...marks] = await read(reading, scripts.marks, args);
  return { marks: marks.map(word), head: parseFacts(facts as readonly Reply[]) };
}

/** Without tombstones. Once it holds all up to the mark it says that it is the end. */
function readSpan(reading: Reading, { after, to }: Span, point: string): Promise<PartitionPage> {
  return askPage(reading, [after, "-", changesOf(reading) + 1, bytesOf(reading), point, to]);
}

function readPage(reading: Reading, { after, buriedAfter, point }: Cursor): Promise<PartitionPage> {
  const most = [changesOf(reading), bytesOf(reading)];
  return askPage(reading, [after, buriedAfter, ...most, point, "+inf"]);
}

const changesOf = ({ pageBytes }: Reading): number =>
  Math.floor(Math.max(1, Math.min(PAGE_CHANGES, pageBytes)));

const bytesOf = ({ pageBytes }: Reading): number => Math.floor(Math.max(1, pageBytes));

async function askPage(reading: Reading, args: readonly Argument[]): Promise<PartitionPage> {
  const answer = await read(reading, scripts.page, args);
  const [, facts, after, buriedAfter, isEnd, ...changes] = answer;
  const head = parseFacts(facts as readonly Reply[]);
  const reached = word(buriedAfter);
  return {
    changes: changes as Buffer[],
    head,
    next: { after: word(after), buriedAfter: reached, point: `${head.server}:${reached}` },
    isEnd: word(isEnd) === "1",
  };
}

/** Throws NADB_CHECKPOINT_EXPIRED when this is not what the run has begun with. */
async function read(
  { partition, generation, since }: Reading,
  script: Script,
  args: readonly Argument[],
): Promise<Answer> {
  const answer = await partition.read(script, args);
  const over = (why: string) => expired(since ?? `of a run that had come to ${args[0]}`, why);
  if (answer === undefined) throw over("the namespace has been dropped since");
  if (word(answer[0]) === "expired") throw over(word(answer[1]));
  if (parseFacts(answer[1] as readonly Reply[]).generation === generation) return answer;
  throw over("the namespace's content has been replaced since");
}
