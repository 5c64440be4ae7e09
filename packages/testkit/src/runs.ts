// Reading: whole runs, all pages of a listing, and what the head over a set of records must be.
import assert from "node:assert/strict";
import {
  type Change,
  type ChangePage,
  type ChangesOptions,
  type Checkpoint,
  decodeChange,
  encodeRecord,
  type Head,
  type Page,
  type PageOptions,
  recordValueLength,
  StateDigest,
  type StorageNamespace,
  type StoredRecord,
} from "@nadb/core";

export interface Run {
  readonly changes: readonly Change[];
  readonly pages: readonly ChangePage[];
  readonly end: Head;
}

/** Follows a run to its end; `between` is called after each page but the last. */
export async function readRun(
  namespace: StorageNamespace,
  since: Checkpoint | null,
  options: ChangesOptions = {},
  between: (page: ChangePage) => void | Promise<void> = () => {},
): Promise<Run> {
  const pages: ChangePage[] = [];
  let end: Head | undefined;
  for await (const page of namespace.changes(since, options)) {
    assert.equal(end, undefined, "a page came after the one that ends the run");
    pages.push({ ...page, changes: page.changes.map((change) => new Uint8Array(change)) });
    end = page.end;
    if (end === undefined) await between(page);
  }
  assert.ok(end !== undefined, "the run ended without the cut it ends at");
  return { pages, end, changes: pages.flatMap((page) => page.changes.map(decodeChange)) };
}

export const keyOf = (change: Change): string =>
  change.type === "record" ? change.record.key : change.tombstone.key;

export const versionOf = (change: Change): number =>
  change.type === "record" ? change.record.version : change.tombstone.version;

/** The live records of a namespace by key, or of a copy that is kept by applying runs. */
export type State = Map<string, StoredRecord>;

/** Applies a run to a state, as a restore does. */
export function applyRun(state: State, run: Run): State {
  for (const change of run.changes) {
    if (change.type === "record") state.set(change.record.key, change.record);
    else state.delete(change.tombstone.key);
  }
  return state;
}

export const readState = async (namespace: StorageNamespace): Promise<State> =>
  applyRun(new Map(), await readRun(namespace, null));

export interface Measure {
  readonly count: number;
  readonly bytes: number;
  readonly digest: string;
}

/** What a head says of the content, apart from how it came about. */
export const measured = ({ count, bytes, digest }: Measure): Measure => ({ count, bytes, digest });

/** Count, bytes and state digest computed from the records themselves. */
export function measure(records: Iterable<StoredRecord>): Measure {
  const digest = new StateDigest();
  let [count, bytes] = [0, 0];
  for (const record of records) {
    const encoded = encodeRecord(record);
    digest.toggle(encoded);
    count += 1;
    bytes += recordValueLength(encoded);
  }
  return { count, bytes, digest: digest.toHex() };
}

/** The run must hold exactly what its end says; `state` is what stood at its beginning. */
export function assertEndsTrue(run: Run, state: State = new Map()): void {
  assert.deepEqual(
    measured(run.end),
    measure(applyRun(state, run).values()),
    "the end of the run is not what the run holds",
  );
}

const MOST_PAGES = 20_000;

/** All pages of a listing, one item after the other. */
export async function readPages<T, Options extends PageOptions>(
  list: (options: Options) => Promise<Page<T>>,
  options: Options,
  between: (page: Page<T>) => void | Promise<void> = () => {},
): Promise<T[]> {
  const items: T[] = [];
  let page = await list(options);
  for (let pages = 1; ; pages++) {
    assert.ok(
      page.items.length <= (options.limit ?? Number.POSITIVE_INFINITY),
      "a page exceeds its limit",
    );
    items.push(...page.items);
    if (page.cursor === undefined) return items;
    assert.ok(pages < MOST_PAGES, "the listing does not come to its end");
    await between(page);
    page = await list({ ...options, cursor: page.cursor });
  }
}

/** Every key, in the order in which the namespace lists them. */
export const readKeys = (namespace: StorageNamespace): Promise<string[]> =>
  readPages((options) => namespace.keys(options), {});

/** Records as `getMany` answers them, as plain data: an engine may hand out a Buffer as value or hash. */
export async function getMany(
  namespace: StorageNamespace,
  keys: readonly string[],
): Promise<(StoredRecord | undefined)[]> {
  const records = await namespace.getMany(keys);
  return records.map((record) => record && plainRecord(record));
}

function plainRecord(record: StoredRecord): StoredRecord {
  const plain = { ...record, value: new Uint8Array(record.value) };
  if (record.seal === undefined) return plain;
  const { length, contentHash } = record.seal;
  return { ...plain, seal: { length, contentHash: new Uint8Array(contentHash) } };
}

/** One record, or `undefined`. */
export async function get(
  namespace: StorageNamespace,
  key: string,
): Promise<StoredRecord | undefined> {
  const [record] = await getMany(namespace, [key]);
  return record;
}

/** One record that must be there. */
export async function mustGet(namespace: StorageNamespace, key: string): Promise<StoredRecord> {
  const record = await get(namespace, key);
  assert.ok(record !== undefined, `${JSON.stringify(key)} is missing`);
  return record;
}

/** The order that the contract asks of keys, by an implementation that shares nothing with ours. */
export const byUtf8 = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));
