// The run of one partition, page by page. From the beginning its records are read between marks, two pages on their way, so
// that the server need not wait until we have taken one in to be told where the next one begins. INVARIANT: a key that changes
// leaves its place between marks for the end of the feed, which is read last, one page after the other; so of each key the
// last change that is given is the latest. INVARIANT: each page rests on the heads of all that was read before it. A server that
// has lost what one of those had counted may have put keys back into places that lie behind us, so it is refused.
import type { Checkpoint, EncodedChange } from "@nadb/core";
import { unlessAborted } from "./abort.js";
import { expired, joinPoints, type PartitionHead, parseFacts } from "./head-fields.js";
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
  /** What the run rests on, as `joinPoints` has it. */
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
    const buriedAfter = cursor.buriedAfter || String(head.version);
    const point = joinPoints(cursor.point, pointIn(head));
    const old = marks.filter((mark) => Number(mark) <= Number(buriedAfter));
    const rests = yield* betweenMarks(reading, { ...cursor, point }, old, signal);
    cursor = { after: old.at(-1) ?? cursor.after, buriedAfter, point: rests };
    if (old.length < MARKS) return cursor;
  }
}

interface Span {
  readonly after: string;
  readonly to: string;
}

/** A page that is full before its mark is followed by another, in any order. Answers what the run rests on then. */
async function* betweenMarks(
  reading: Reading,
  start: Cursor,
  marks: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<PartitionPage, string, undefined> {
  const { after } = start;
  let { point } = start;
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
    point = joinPoints(point, read.next.point);
    if (!isEnd) spans.unshift({ ...span, after: read.next.after });
    ask();
    yield { ...read, isEnd: false };
  }
  return point;
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
const readSpan = (reading: Reading, { after, to }: Span, point: string): Promise<PartitionPage> =>
  askPage(reading, { after, buriedAfter: "-", point }, to, changesOf(reading) + 1);

const readPage = (reading: Reading, cursor: Cursor): Promise<PartitionPage> =>
  askPage(reading, cursor, "+inf", changesOf(reading));

const changesOf = ({ pageBytes }: Reading): number =>
  Math.floor(Math.max(1, Math.min(PAGE_CHANGES, pageBytes)));

const bytesOf = ({ pageBytes }: Reading): number => Math.floor(Math.max(1, pageBytes));

async function askPage(
  reading: Reading,
  cursor: Cursor,
  to: string,
  most: number,
): Promise<PartitionPage> {
  const { after: start, buriedAfter: buriedStart, point } = cursor;
  const args = [start, buriedStart, most, bytesOf(reading), point, to];
  const [, facts, after, buriedAfter, isEnd, ...changes] = await read(reading, scripts.page, args);
  const head = parseFacts(facts as readonly Reply[]);
  const rests = joinPoints(point, pointIn(head));
  return {
    changes: changes as Buffer[],
    head,
    next: { after: word(after), buriedAfter: word(buriedAfter), point: rests },
    isEnd: word(isEnd) === "1",
  };
}

const pointIn = ({ server, version }: PartitionHead): string => `${server}:${version}`;

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
