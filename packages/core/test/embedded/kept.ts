// An embedded backend whose OrderedKv stays in the test's hands: it outlives close, can be looked into, and
// counts what it is asked to do.
import {
  EmbeddedBackend,
  type EmbeddedOptions,
  type Entry,
  type KeyRange,
  type Mutation,
  memoryBackend,
  type OrderedKv,
  type ReadTransaction,
  type Snapshot,
  type StorageNamespace,
  type WriteTransaction,
} from "../../src/index.js";
import { MemoryKv } from "../../src/memory/memory-kv.js";
import { Clock } from "../clock.js";

export const ID = { db: "test", namespace: "main" };

/** What an engine was asked to do. `scanned` counts the entries that ranges yielded. */
export interface Cost {
  gets: number;
  puts: number;
  deletes: number;
  scanned: number;
}

const nothing = (): Cost => ({ gets: 0, puts: 0, deletes: 0, scanned: 0 });

export class Kept implements OrderedKv {
  readonly clock = new Clock();
  readonly #kv = new MemoryKv();
  #cost = nothing();
  closed = 0;
  /** The next transaction fails at its end, as where the disk is full. */
  failsNext = false;

  /** A backend over this kv, opened. */
  async backend(options: EmbeddedOptions = {}): Promise<EmbeddedBackend> {
    const capabilities = { ...memoryBackend().capabilities, durable: true };
    const engine = { name: "kept", capabilities, openKv: async () => this };
    const backend = new EmbeddedBackend(engine, { clock: this.clock.now, ...options });
    await backend.open();
    return backend;
  }

  async namespace(options: EmbeddedOptions = {}): Promise<StorageNamespace> {
    return (await this.backend(options)).namespace(ID);
  }

  read<T>(body: (tx: ReadTransaction) => T): T {
    return this.#kv.read((tx) => body(new CountingReader(tx, this.#cost)));
  }

  write<T>(body: (tx: WriteTransaction) => T): Promise<T> {
    return this.#kv.write((tx) => {
      const result = body(new CountingWriter(tx, this.#cost));
      if (!this.failsNext) return result;
      this.failsNext = false;
      throw new Error("no room");
    });
  }

  snapshot(): Snapshot {
    return new CountingReader(this.#kv.snapshot(), this.#cost);
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  /** What `work` costs. */
  async costOf(work: () => unknown): Promise<Cost> {
    this.#cost = nothing();
    await work();
    return this.#cost;
  }

  /** Keys that begin with these bytes. */
  keys(...prefix: number[]): Uint8Array[] {
    const gte = Uint8Array.from(prefix);
    const inside = (key: Uint8Array): boolean => prefix.every((byte, i) => key[i] === byte);
    const range = { gte, lt: Uint8Array.of(0xff) };
    return this.#kv.read((tx) => [...tx.keys(range)]).filter(inside);
  }

  /** As the files of a store are copied. */
  async copy(): Promise<Kept> {
    const copy = new Kept();
    const everything = { gte: new Uint8Array(0), lt: Uint8Array.of(0xff) };
    const entries = this.#kv.read((tx) => [...tx.range(everything)]);
    await copy.write((tx) => {
      for (const { key, value } of entries) tx.put(key, value);
    });
    return copy;
  }

  /** Everything, as text to compare. */
  dump(): string[] {
    const range = { gte: new Uint8Array(0), lt: Uint8Array.of(0xff) };
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
    return this.#kv.read((tx) =>
      Array.from(tx.range(range), (e) => `${hex(e.key)} ${hex(e.value)}`),
    );
  }
}

class CountingReader<Tx extends ReadTransaction> implements Snapshot {
  constructor(
    readonly tx: Tx,
    readonly cost: Cost,
  ) {}

  get(key: Uint8Array): Uint8Array | undefined {
    this.cost.gets += 1;
    return this.tx.get(key);
  }

  *range(range: KeyRange): Generator<Entry> {
    for (const entry of this.tx.range(range)) {
      this.cost.scanned += 1;
      yield entry;
    }
  }

  *keys(range: KeyRange): Generator<Uint8Array> {
    for (const key of this.tx.keys(range)) {
      this.cost.scanned += 1;
      yield key;
    }
  }

  close(): void {}
}

class CountingWriter extends CountingReader<WriteTransaction> implements WriteTransaction {
  put(key: Uint8Array, value: Uint8Array): void {
    this.cost.puts += 1;
    this.tx.put(key, value);
  }

  delete(key: Uint8Array): void {
    this.cost.deletes += 1;
    this.tx.delete(key);
  }
}

/** Lets the collection of garbage, which nobody waits for, come to its end. */
export const settle = (): Promise<void> => new Promise(setImmediate);

/** Puts of `count` keys in byte order, each with two tags. */
export const puts = (count: number, prefix = "key"): Mutation[] =>
  Array.from({ length: count }, (_, i) => ({
    type: "put",
    key: `${prefix}${String(i).padStart(6, "0")}`,
    value: new TextEncoder().encode(`value ${i}`),
    tags: ["all", `tag${i % 10}`],
  }));

export const remove = (key: string): Mutation => ({ type: "delete", key });
