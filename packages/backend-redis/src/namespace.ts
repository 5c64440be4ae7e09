// A namespace: checks input, finds the partitions that are asked, and joins what they answer.
import {
  type ChangePage,
  type ChangesOptions,
  type Checkpoint,
  type Commit,
  type CommitOptions,
  checkCommitId,
  checkKey,
  checkTagQuery,
  checkTime,
  type Head,
  invalidArgument,
  type KeyQuery,
  type MergeOptions,
  type Mutation,
  NadbError,
  type NamespaceId,
  type Page,
  pageLimit,
  quote,
  type StagedLoad,
  type StorageNamespace,
  type StoredRecord,
  type TagQuery,
} from "@nadb/core";
import { unlessAborted } from "./abort.js";
import { readChanges } from "./changes.js";
import { EMPTY_CHECKPOINT, joinHeads, pointsOf } from "./head-fields.js";
import type { Host } from "./host.js";
import { partitionOf } from "./keys.js";
import { type Reply, word } from "./link.js";
import {
  countAll,
  disjoint,
  keyOfCursor,
  keysOf,
  knownCount,
  matchesOf,
  mergedPage,
} from "./listing.js";
import { beginLoad } from "./load.js";
import type { Partition } from "./partition.js";
import { inPlaces, type PreparedCommit, prepareCommit } from "./prepare.js";
import { type Room, Rooms } from "./rooms.js";
import { Root } from "./root.js";
import { scripts } from "./scripts.js";
import { collectGarbage, sweepPartition, trimPartition } from "./upkeep.js";

type SignalOption = { readonly signal?: AbortSignal };

/** Swept when too much has expired to count around it. */
const DUE_STEP = 2_000;
const ON_CONFLICT = ["overwrite", "keep-existing", "keep-newer"] as const;

export class RedisNamespace implements StorageNamespace {
  readonly root: Root;
  readonly #rooms: Rooms;
  /** Commits come to their queues in the order of the calls, also while the first of them looks for its room. */
  #entering: Promise<void> | undefined;

  constructor(
    readonly id: NamespaceId,
    readonly host: Host,
  ) {
    this.root = new Root(host, id);
    this.#rooms = new Rooms(host, this.root);
  }

  async head({ signal }: SignalOption = {}): Promise<Head> {
    signal?.throwIfAborted();
    this.host.checkOpen();
    return joinHeads(await unlessAborted(signal, this.#rooms.heads()));
  }

  async getMany(
    keys: readonly string[],
    { signal }: SignalOption = {},
  ): Promise<(StoredRecord | undefined)[]> {
    for (const key of keys) checkKey(key);
    signal?.throwIfAborted();
    const records = await unlessAborted(signal, this.#records(keys));
    const now = this.host.clock();
    return records.map((record) =>
      record?.expiresAt !== undefined && record.expiresAt <= now ? undefined : record,
    );
  }

  async commit(mutations: readonly Mutation[], options: CommitOptions = {}): Promise<Commit> {
    const { expect = [], id, signal } = options;
    const { prepared, superseded } = prepareCommit(
      mutations,
      expect,
      this.host.capabilities.maxValueBytes,
    );
    if (id !== undefined) checkCommitId(id);
    signal?.throwIfAborted();
    this.host.checkOpen();
    const keys = [...mutations, ...prepared.expect].map(({ key }) => key);
    const commit = this.#commit({ ...prepared, id: id ?? "" }, keys, signal);
    const { checkpoint, versions } = await this.host.track(commit);
    return { checkpoint, versions: inPlaces(versions, superseded, mutations.length) };
  }

  async *changes(
    since: Checkpoint | null,
    options: ChangesOptions = {},
  ): AsyncGenerator<ChangePage, void, undefined> {
    this.host.checkOpen();
    yield* readChanges(
      this.root,
      (count) => this.#rooms.of(count).map(partitionIn),
      since,
      options,
    );
  }

  async keys(query: KeyQuery = {}): Promise<Page<string>> {
    const { prefix = "", signal } = query;
    if (prefix !== "") checkKey(prefix);
    const [limit, after] = [pageLimit(query), keyOfCursor(query.cursor)];
    signal?.throwIfAborted();
    const now = this.host.clock();
    const page = async (): Promise<Page<string>> => {
      const rooms = await this.#found();
      const sources = rooms.map(({ partition }) => keysOf(partition, prefix, now));
      return this.#rooms.atOnce(rooms, () => mergedPage(sources, after, limit));
    };
    return unlessAborted(signal, page());
  }

  async query(query: TagQuery): Promise<Page<string>> {
    checkTagQuery(query);
    const [limit, after] = [pageLimit(query), keyOfCursor(query.cursor)];
    query.signal?.throwIfAborted();
    return unlessAborted(query.signal, this.#query(query, after, limit));
  }

  async #query(query: TagQuery, after: string | undefined, limit: number): Promise<Page<string>> {
    const now = this.host.clock();
    const rooms = await this.#found();
    const parts = rooms.flatMap(({ partition }) =>
      disjoint(query).map((tags) => ({ partition, tags, source: matchesOf(partition, tags, now) })),
    );
    const sources = parts.map(({ source }) => source);
    return this.#rooms.atOnce(rooms, async () => {
      const page = await mergedPage(sources, after, limit);
      if (query.total !== true) return page;
      let total = 0;
      for (const { partition, tags, source } of parts) {
        total += (await knownCount(partition, tags, now)) ?? (await countAll(source));
      }
      return { ...page, total };
    });
  }

  async tags({ signal }: SignalOption = {}): Promise<ReadonlyMap<string, number>> {
    signal?.throwIfAborted();
    const rooms = await unlessAborted(signal, this.#found());
    const tagsOf = ({ partition }: Room) => this.#tagsOf(partition);
    const all = this.#rooms.atOnce(rooms, () => Promise.all(rooms.map(tagsOf)));
    const found = await unlessAborted(signal, all);
    const counts = new Map<string, number>();
    for (const [, ...pairs] of found) {
      for (let i = 0; i < pairs.length; i += 2) {
        const tag = String(pairs[i]);
        counts.set(tag, (counts.get(tag) ?? 0) + Number(pairs[i + 1]));
      }
    }
    return counts;
  }

  async sweep(now: number, limit: number): Promise<number> {
    checkTime("now", now);
    if (!Number.isInteger(limit) || limit < 1) {
      throw invalidArgument(`limit ${String(limit)} is not a whole number above 0`);
    }
    let swept = 0;
    for (const { partition } of await this.#found()) {
      if (swept < limit) swept += await sweepPartition(partition, now, limit - swept);
    }
    return swept;
  }

  async replace(): Promise<StagedLoad> {
    return beginLoad(this, "replace", "overwrite");
  }

  async merge(options: MergeOptions = {}): Promise<StagedLoad> {
    const { onConflict = "overwrite" } = options;
    if (!ON_CONFLICT.includes(onConflict)) {
      throw invalidArgument(`onConflict ${quote(onConflict)} is none of ${ON_CONFLICT.join(", ")}`);
    }
    return beginLoad(this, "merge", onConflict);
  }

  async trim(through: Checkpoint): Promise<void> {
    this.host.checkOpen();
    if (through === EMPTY_CHECKPOINT) return;
    const facts = await this.root.refresh();
    const points = pointsOf(through, facts?.generation, facts?.partitions ?? 0);
    for (const [index, { partition }] of this.#rooms.of(points.length).entries()) {
      await trimPartition(partition, points[index] as string, through);
    }
  }

  /** All partitions, made where they were not there. */
  async made(): Promise<readonly Partition[]> {
    this.host.checkOpen();
    return (await this.#rooms.made()).map(partitionIn);
  }

  async drop(): Promise<void> {
    const bases = await this.root.drop();
    await Promise.all(bases.map((base) => collectGarbage(this.host.link, base)));
  }

  async #commit(
    commit: PreparedCommit,
    keys: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Commit> {
    const rooms = this.#entering === undefined ? this.#rooms.known : undefined;
    if (rooms !== undefined) return this.#enter(rooms, commit, keys, signal);
    const before = this.#entering;
    const entered = this.#enterAfter(before, commit, keys, signal);
    const entering = Promise.allSettled([before, entered]).then(() => {
      if (this.#entering === entering) this.#entering = undefined;
    });
    this.#entering = entering;
    return (await entered).outcome;
  }

  /** Resolves once it waits in its queue. */
  async #enterAfter(
    before: Promise<void> | undefined,
    commit: PreparedCommit,
    keys: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly outcome: Promise<Commit> }> {
    await unlessAborted(signal, Promise.resolve(before));
    const rooms = await unlessAborted(signal, this.#rooms.made());
    return { outcome: this.#enter(rooms, commit, keys, signal) };
  }

  #enter(
    rooms: readonly Room[],
    commit: PreparedCommit,
    keys: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Commit> {
    const { queue } = rooms[this.#onePartition(keys, rooms.length)] as Room;
    return queue.run(commit, signal);
  }

  async #records(keys: readonly string[]): Promise<(StoredRecord | undefined)[]> {
    const rooms = await this.#found();
    if (rooms.length === 0) return keys.map(() => undefined);
    const asked = keys.length === 1 ? [] : rooms;
    return this.#rooms.atOnce(asked, () => this.#read(rooms, keys));
  }

  async #read(
    rooms: readonly Room[],
    keys: readonly string[],
  ): Promise<(StoredRecord | undefined)[]> {
    if (keys.length === 1) {
      const [key] = keys as [string];
      return [await (rooms[partitionOf(key, rooms.length)] as Room).reader.one(key)];
    }
    const places = rooms.map((): number[] => []);
    keys.forEach((key, place) => {
      (places[partitionOf(key, rooms.length)] as number[]).push(place);
    });
    const records: (StoredRecord | undefined)[] = keys.map(() => undefined);
    const read = async ({ reader }: Room, index: number): Promise<void> => {
      const own = places[index] as number[];
      if (own.length === 0) return;
      const found = await reader.several(own.map((place) => keys[place] as string));
      found.forEach((record, i) => {
        records[own[i] as number] = record;
      });
    };
    await Promise.all(rooms.map(read));
    return records;
  }

  #onePartition(keys: readonly string[], partitions: number): number {
    const [first = 0, ...others] = new Set(keys.map((key) => partitionOf(key, partitions)));
    if (others.length === 0) return first;
    throw new NadbError(
      "NADB_UNSUPPORTED",
      `a commit over keys of ${others.length + 1} of the ${partitions} partitions of ${this.id.db}/${this.id.namespace}`,
      {
        hint: 'give keys that belong together a common part in braces, as in "user:{42}:name"; they share a partition then',
      },
    );
  }

  async #tagsOf(partition: Partition): Promise<readonly Reply[]> {
    for (;;) {
      const now = this.host.clock();
      const answer = await partition.read(scripts.tags, [now]);
      if (answer === undefined) return [];
      if (word(answer[0]) !== "due") return answer;
      await sweepPartition(partition, now, DUE_STEP);
    }
  }

  /** None where there is no such namespace. */
  async #found(): Promise<readonly Room[]> {
    this.host.checkOpen();
    return this.#rooms.found();
  }
}

const partitionIn = ({ partition }: Room): Partition => partition;
