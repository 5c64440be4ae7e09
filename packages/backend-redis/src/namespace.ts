// A namespace: checks input, finds the partitions that are asked, and joins what they answer.
import {
  type ChangePage,
  type ChangesOptions,
  type Checkpoint,
  type Commit,
  type CommitOptions,
  canonicalTags,
  checkCommitId,
  checkKey,
  checkMutations,
  checkTagQuery,
  checkTime,
  type Expectation,
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
import { readChanges } from "./changes.js";
import { CommitQueue, type PreparedCommit } from "./commit-queue.js";
import {
  areAtOne,
  EMPTY_CHECKPOINT,
  expired,
  joinHeads,
  type PartitionHead,
  parseFacts,
  pointOf,
  pointsOf,
} from "./head-fields.js";
import type { Host } from "./host.js";
import { partitionOf } from "./keys.js";
import { type Argument, type Reply, word } from "./link.js";
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
import { Partition } from "./partition.js";
import { Reader } from "./reader.js";
import { putArguments } from "./record-fields.js";
import { Root } from "./root.js";
import { scripts } from "./scripts.js";

type SignalOption = { readonly signal?: AbortSignal };

/** Swept by one script. */
const SWEEP_STEP = 200;
const TRIM_STEP = 1_000;
const COLLECT_STEP = 1_000;
const ABANDONED_AFTER_MS = 3_600_000;
const ON_CONFLICT = ["overwrite", "keep-existing", "keep-newer"] as const;

interface Room {
  readonly partition: Partition;
  readonly queue: CommitQueue;
  readonly reader: Reader;
}

export class RedisNamespace implements StorageNamespace {
  readonly root: Root;
  #rooms: readonly Room[] = [];

  constructor(
    readonly id: NamespaceId,
    readonly host: Host,
  ) {
    this.root = new Root(host, id);
  }

  async head({ signal }: SignalOption = {}): Promise<Head> {
    signal?.throwIfAborted();
    this.host.checkOpen();
    return joinHeads(await this.#heads());
  }

  async getMany(
    keys: readonly string[],
    { signal }: SignalOption = {},
  ): Promise<(StoredRecord | undefined)[]> {
    for (const key of keys) checkKey(key);
    signal?.throwIfAborted();
    const rooms = await this.#found();
    if (rooms.length === 0) return keys.map(() => undefined);
    const records = await this.#atOnce(keys.length === 1 ? [] : rooms, () =>
      this.#read(rooms, keys),
    );
    const now = this.host.clock();
    return records.map((record) =>
      record?.expiresAt !== undefined && record.expiresAt <= now ? undefined : record,
    );
  }

  async commit(mutations: readonly Mutation[], options: CommitOptions = {}): Promise<Commit> {
    const { expect = [], id, signal } = options;
    const { prepared, superseded } = prepare(
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
    return { checkpoint, versions: restored(versions, superseded, mutations.length) };
  }

  async *changes(
    since: Checkpoint | null,
    options: ChangesOptions = {},
  ): AsyncGenerator<ChangePage, void, undefined> {
    this.host.checkOpen();
    yield* readChanges(this.root, (count) => this.#roomsOf(count).map(partitionIn), since, options);
  }

  async keys(query: KeyQuery = {}): Promise<Page<string>> {
    const { prefix = "", signal } = query;
    if (prefix !== "") checkKey(prefix);
    const [limit, after] = [pageLimit(query), keyOfCursor(query.cursor)];
    signal?.throwIfAborted();
    const now = this.host.clock();
    const rooms = await this.#found();
    const sources = rooms.map(({ partition }) => keysOf(partition, prefix, now));
    return this.#atOnce(rooms, () => mergedPage(sources, after, limit));
  }

  async query(query: TagQuery): Promise<Page<string>> {
    checkTagQuery(query);
    const [limit, after] = [pageLimit(query), keyOfCursor(query.cursor)];
    query.signal?.throwIfAborted();
    const now = this.host.clock();
    const rooms = await this.#found();
    const parts = rooms.flatMap(({ partition }) =>
      disjoint(query).map((tags) => ({ partition, tags, source: matchesOf(partition, tags, now) })),
    );
    const sources = parts.map(({ source }) => source);
    return this.#atOnce(rooms, async () => {
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
    const rooms = await this.#found();
    const tagsOf = ({ partition }: Room) => this.#tagsOf(partition);
    const found = await this.#atOnce(rooms, () => Promise.all(rooms.map(tagsOf)));
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
      if (swept < limit) swept += await this.#sweepOne(partition, now, limit - swept);
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
    for (const [index, { partition }] of this.#roomsOf(points.length).entries()) {
      await trimOne(partition, points[index] as string, through);
    }
  }

  /** All partitions, made where they were not there. */
  async made(): Promise<readonly Partition[]> {
    this.host.checkOpen();
    return (await this.#makeRooms(true)).map(partitionIn);
  }

  /** Deletes what is left of old contents and loads. */
  async collect(partition: Partition): Promise<void> {
    for (let more = "1"; more === "1"; ) {
      more = word((await partition.raw(scripts.collect, [COLLECT_STEP]))[1]);
    }
  }

  /** What is interrupted goes on with the next load or sweep. */
  collectInBackground(partition: Partition): void {
    this.host.inBackground(() => this.collect(partition));
  }

  async drop(): Promise<void> {
    const facts = await this.root.refresh();
    const partitions = this.#roomsOf(facts?.partitions ?? 1).map(partitionIn);
    await Promise.all(partitions.map((partition) => partition.raw(scripts.drop, [])));
    await this.root.drop();
    await Promise.all(partitions.map((partition) => this.collect(partition)));
  }

  async #commit(
    commit: PreparedCommit,
    keys: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Commit> {
    const rooms = await this.#makeRooms();
    const { queue } = rooms[this.#onePartition(keys, rooms.length)] as Room;
    return queue.run(commit, signal);
  }

  /** Of all partitions, at one: none for a namespace that was never written to. */
  async #heads(): Promise<readonly PartitionHead[]> {
    for (;;) {
      const facts = await this.root.find();
      if (facts === undefined) return [];
      const rooms = this.#roomsOf(facts.partitions);
      const answers = await Promise.all(
        rooms.map(({ partition }) => partition.read(scripts.head, [])),
      );
      const heads = answers.flatMap((answer) =>
        answer === undefined ? [] : parseFacts(answer[1] as readonly Reply[]),
      );
      if (heads.length === 0) return [];
      if (heads.length < rooms.length) await this.#makeRooms(true);
      else if (areAtOne(heads)) return heads;
    }
  }

  /** What a checkpoint says before and behind the point of one partition. */
  async #pointsAround(index: number, partitions: number): Promise<readonly [string, string]> {
    if (partitions === 1) return ["", ""];
    let heads = await this.#heads();
    while (heads.length < partitions) {
      await this.#makeRooms(true);
      heads = await this.#heads();
    }
    const points = heads.map(pointOf);
    const before = points.slice(0, index).map((point) => `${point}_`);
    return [
      before.join(""),
      points
        .slice(index + 1)
        .map((point) => `_${point}`)
        .join(""),
    ];
  }

  /** A read over several partitions, none of it before a load became visible and some of it behind. */
  async #atOnce<T>(rooms: readonly Room[], read: () => Promise<T>): Promise<T> {
    if (rooms.length < 2) return read();
    for (;;) {
      const before = await this.#heads();
      const result = await read();
      if (areAtOne([...before, ...(await this.#heads())])) return result;
    }
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
      await this.#sweepOne(partition, now, 10 * SWEEP_STEP);
    }
  }

  async #sweepOne(partition: Partition, now: number, limit: number): Promise<number> {
    const before = now - this.host.tombstoneRetentionMs;
    for (let swept = 0; ; ) {
      const step = Math.min(SWEEP_STEP, limit - swept);
      const args: Argument[] = [now, before, step, now - ABANDONED_AFTER_MS];
      const answer = await partition.read(scripts.sweep, args);
      if (answer === undefined) return swept;
      if (word(answer[2]) === "1") await partition.raw(scripts.collect, [COLLECT_STEP]);
      swept += Number(answer[1]);
      if (Number(answer[1]) < step || swept >= limit) return swept;
    }
  }

  /** None where there is no such namespace. */
  async #found(): Promise<readonly Room[]> {
    this.host.checkOpen();
    const facts = await this.root.find();
    return facts === undefined ? [] : this.#roomsOf(facts.partitions);
  }

  async #makeRooms(all = false): Promise<readonly Room[]> {
    const facts = await this.root.make();
    const rooms = this.#roomsOf(facts.partitions);
    if (all) await Promise.all(rooms.map(({ partition }) => partition.write(scripts.head, [])));
    return rooms;
  }

  #roomsOf(partitions: number): readonly Room[] {
    if (this.#rooms.length === partitions) return this.#rooms;
    this.#rooms = Array.from({ length: partitions }, (_, index) => {
      const partition = new Partition(this.host, this.root, index, partitions);
      const points = () => this.#pointsAround(index, partitions);
      const queue = new CommitQueue(this.host, partition, points);
      return { partition, queue, reader: new Reader(partition) };
    });
    return this.#rooms;
  }
}

const partitionIn = ({ partition }: Room): Partition => partition;

async function trimOne(partition: Partition, point: string, through: Checkpoint): Promise<void> {
  for (let more = "1"; more === "1"; ) {
    const answer = await partition.read(scripts.trim, [point, TRIM_STEP]);
    if (answer === undefined) return;
    if (word(answer[0]) === "expired") throw expired(through, word(answer[1]));
    more = word(answer[1]);
  }
}

/** Checks all that a commit brings; nothing is refused half-way. */
function prepare(
  mutations: readonly Mutation[],
  expect: readonly Expectation[],
  maxValueBytes: number,
): { readonly prepared: Omit<PreparedCommit, "id">; readonly superseded: ReadonlySet<number> } {
  checkMutations(mutations, maxValueBytes);
  const expected = expect.map(({ key, version }) => {
    checkKey(key);
    return { key, version };
  });
  const last = new Map(mutations.map(({ key }, index) => [key, index]));
  const superseded = new Set<number>();
  const args: Argument[] = [];
  let bytes = 0;
  mutations.forEach((mutation, index) => {
    const own = argumentsOf(mutation); // also of one that does not count: it is checked like the others
    if (last.get(mutation.key) !== index) superseded.add(index);
    else {
      for (const argument of own) args.push(argument);
      bytes += mutation.type === "put" ? mutation.value.length : 0;
    }
  });
  const count = mutations.length - superseded.size;
  return { prepared: { expect: expected, mutations: count, args, bytes }, superseded };
}

const argumentsOf = (mutation: Mutation): Argument[] =>
  mutation.type === "delete"
    ? ["d", mutation.key]
    : putArguments(mutation, canonicalTags(mutation.tags ?? []));

/** Versions in the places of the mutations as they were given. */
function restored(
  versions: readonly (number | undefined)[],
  superseded: ReadonlySet<number>,
  length: number,
): (number | undefined)[] {
  if (superseded.size === 0) return [...versions];
  let next = 0;
  return Array.from({ length }, (_, index) =>
    superseded.has(index) ? undefined : versions[next++],
  );
}
