// An OrderedKv in memory: a B+ tree whose copies share their nodes. A transaction works on a copy and swaps
// it in, a snapshot keeps one, so both cost nothing up front.
import imported from "sorted-btree";
import { copyBytes } from "#slab";
import { compareBytes } from "../bytes.js";
import type {
  Entry,
  KeyRange,
  OrderedKv,
  ReadTransaction,
  Snapshot,
  WriteTransaction,
} from "../embedded/ordered-kv.js";

/** The package is CommonJS with `exports.default`: Node hands over its exports, a bundler the class itself. */
const BTree = (imported as unknown as { default?: typeof imported }).default ?? imported;
type Tree = imported<Uint8Array, Uint8Array>;

export class MemoryKv implements OrderedKv {
  #tree: Tree = new BTree(undefined, compareBytes);
  #reader = new TreeReader(this.#tree);

  read<T>(body: (tx: ReadTransaction) => T): T {
    return body(this.#reader);
  }

  async write<T>(body: (tx: WriteTransaction) => T): Promise<T> {
    const tree = this.#tree.clone();
    const result = body(new TreeWriter(tree));
    this.#tree = tree;
    this.#reader = new TreeReader(tree);
    return result;
  }

  snapshot(): Snapshot {
    return new TreeReader(this.#tree.clone());
  }

  async close(): Promise<void> {
    this.#tree = new BTree(undefined, compareBytes);
    this.#reader = new TreeReader(this.#tree);
  }
}

class TreeReader implements Snapshot {
  constructor(readonly tree: Tree) {}

  get(key: Uint8Array): Uint8Array | undefined {
    return this.tree.get(key);
  }

  *range(range: KeyRange): Generator<Entry> {
    for (const [key, value] of this.tree.entries(range.gte)) {
      if (compareBytes(key, range.lt) >= 0) return;
      yield { key: copyBytes(key), value: copyBytes(value) };
    }
  }

  *keys(range: KeyRange): Generator<Uint8Array> {
    for (const [key] of this.tree.entries(range.gte)) {
      if (compareBytes(key, range.lt) >= 0) return;
      yield copyBytes(key);
    }
  }

  close(): void {}
}

class TreeWriter extends TreeReader implements WriteTransaction {
  override *range(range: KeyRange): Generator<Entry> {
    for (const [key, value] of this.#pairs(range)) yield { key, value: copyBytes(value) };
  }

  override *keys(range: KeyRange): Generator<Uint8Array> {
    for (const [key] of this.#pairs(range)) yield key;
  }

  /** Each step looks for the next key anew: the tree's own iterator does not survive writes to other ranges. */
  *#pairs({ gte, lt }: KeyRange): Generator<[Uint8Array, Uint8Array]> {
    let pair = this.tree.getPairOrNextHigher(gte);
    while (pair !== undefined && compareBytes(pair[0], lt) < 0) {
      const key = copyBytes(pair[0]);
      yield [key, pair[1]];
      pair = this.tree.nextHigherPair(key);
    }
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.tree.set(new Uint8Array(key), new Uint8Array(value));
  }

  delete(key: Uint8Array): void {
    this.tree.delete(key);
  }
}
