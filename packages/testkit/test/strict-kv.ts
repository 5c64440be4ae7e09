// An OrderedKv that takes its contract by the letter, to catch an embedded layer that asks for more: what a get
// lends is spoiled at the next call, a transaction that is over answers nothing, a range is not written to while
// it is read. Plain as an oracle should be: a sorted array.
import {
  EmbeddedBackend,
  type Entry,
  type KeyRange,
  memoryBackend,
  type OrderedKv,
  type ReadTransaction,
  type Snapshot,
  type StorageBackend,
  type WriteTransaction,
} from "@nadb/core";
import type { Environment } from "../src/index.js";

const SPOILED = 0xdb;
const order = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

class StrictKv implements OrderedKv {
  entries: readonly Entry[] = [];
  readonly #lent: Uint8Array[] = [];

  read<T>(body: (tx: ReadTransaction) => T): T {
    return this.#run(new StrictReader(this, this.entries), body);
  }

  async write<T>(body: (tx: WriteTransaction) => T): Promise<T> {
    const tx = new StrictWriter(this, this.entries.slice());
    const result = this.#run(tx, body);
    this.entries = tx.entries;
    return result;
  }

  snapshot(): Snapshot {
    return new StrictReader(this, this.entries);
  }

  async close(): Promise<void> {}

  /** Every call begins here. */
  called(): void {
    for (const bytes of this.#lent.splice(0)) bytes.fill(SPOILED);
  }

  lend(bytes: Uint8Array): Uint8Array {
    const copy = new Uint8Array(bytes);
    this.#lent.push(copy);
    return copy;
  }

  #run<Tx extends StrictReader, T>(tx: Tx, body: (tx: Tx) => T): T {
    try {
      const result = body(tx);
      if (result instanceof Promise)
        throw new TypeError("the body of a transaction is not synchronous");
      return result;
    } finally {
      tx.close();
    }
  }
}

class StrictReader implements Snapshot {
  #open = true;
  protected readonly reading: KeyRange[] = [];

  constructor(
    readonly kv: StrictKv,
    readonly entries: readonly Entry[],
  ) {}

  get(key: Uint8Array): Uint8Array | undefined {
    this.called();
    const entry = this.entries[this.indexOf(key)];
    return entry && order(entry.key, key) === 0 ? this.kv.lend(entry.value) : undefined;
  }

  *range({ gte, lt }: KeyRange): Generator<Entry> {
    const range = { gte: new Uint8Array(gte), lt: new Uint8Array(lt) };
    this.reading.push(range);
    try {
      for (let from = range.gte; ; ) {
        this.called();
        const entry = this.entries[this.indexOf(from)];
        if (entry === undefined || order(entry.key, range.lt) >= 0) return;
        from = Buffer.concat([entry.key, Uint8Array.of(0)]);
        yield { key: new Uint8Array(entry.key), value: new Uint8Array(entry.value) };
      }
    } finally {
      this.reading.splice(this.reading.indexOf(range), 1);
    }
  }

  *keys(range: KeyRange): Generator<Uint8Array> {
    for (const { key } of this.range(range)) yield key;
  }

  close(): void {
    this.#open = false;
  }

  protected called(): void {
    if (!this.#open) throw new TypeError("a transaction was used after its end");
    this.kv.called();
  }

  /** Where the key stands, or would. */
  protected indexOf(key: Uint8Array): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (order((this.entries[middle] as Entry).key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

class StrictWriter extends StrictReader implements WriteTransaction {
  declare readonly entries: Entry[];

  put(key: Uint8Array, value: Uint8Array): void {
    const entry = { key: new Uint8Array(key), value: new Uint8Array(value) }; // before a lent one is spoiled
    const index = this.#changing(key);
    this.entries.splice(index, this.#stands(index, entry.key), entry);
  }

  delete(key: Uint8Array): void {
    const copy = new Uint8Array(key);
    const index = this.#changing(copy);
    this.entries.splice(index, this.#stands(index, copy));
  }

  #changing(key: Uint8Array): number {
    const inside = ({ gte, lt }: KeyRange): boolean => order(gte, key) <= 0 && order(key, lt) < 0;
    if (this.reading.some(inside)) throw new TypeError("a range was written to while it was read");
    const index = this.indexOf(key);
    this.called();
    return index;
  }

  #stands(index: number, key: Uint8Array): 0 | 1 {
    const entry = this.entries[index];
    return entry !== undefined && order(entry.key, key) === 0 ? 1 : 0;
  }
}

const stores = new Map<string, StrictKv>();

/** A backend on it that survives its close, as a durable one does. */
export function strictBackend({ storage, clock, defer }: Environment): StorageBackend {
  const kv = stores.get(storage) ?? new StrictKv();
  stores.set(storage, kv);
  defer(() => void stores.delete(storage));
  const capabilities = { ...memoryBackend().capabilities, durable: true, buffering: true };
  return new EmbeddedBackend({ name: "strict", capabilities, openKv: async () => kv }, { clock });
}
