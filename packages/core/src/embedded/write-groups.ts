// Group commit: writes that wait together go down in one transaction of the engine, and so in one flush; each
// still succeeds or fails alone. One that throws before it has written leaves nothing to undo. For one that throws
// later the whole transaction is undone, and the others run again without it.
// INVARIANT: writes run in the order in which they were asked for.
import type { Entry, KeyRange, OrderedKv, WriteTransaction } from "./ordered-kv.js";

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Housekeeping due with this write: so much, for this owner. */
  readonly chores?: { readonly owner: object; readonly amount: number };
}

/**
 * Runs maybe more than once, each time as if it had not run before. `chores` is what the owner's writes of this group
 * owe together: the first of them that succeeds sees to it, for the others it is 0.
 */
export type WriteBody<T> = (tx: WriteTransaction, chores: number) => T;

interface Waiting {
  readonly body: WriteBody<unknown>;
  readonly options: WriteOptions;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome =
  | { readonly write: Waiting; readonly result: unknown }
  | { readonly write: Waiting; readonly refusal: unknown };

/** Bounds what one transaction holds. */
const MAX_GROUP = 1_000;

export class WriteGroups {
  #waiting: Waiting[] = [];
  #draining = false;

  constructor(readonly kv: OrderedKv) {}

  run<T>(body: WriteBody<T>, options: WriteOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const write = { body, options, resolve: resolve as (result: unknown) => void, reject };
      this.#waiting.push(write);
      if (!this.#draining) void this.#drain();
    });
  }

  /** Never rejects: each write has its own caller to tell. */
  async #drain(): Promise<void> {
    this.#draining = true;
    await undefined; // who is told of a commit together often asks for the next together
    while (this.#waiting.length > 0) await this.#runGroup();
    this.#draining = false;
  }

  async #runGroup(): Promise<void> {
    let group: readonly Waiting[] = [];
    try {
      const outcomes = await this.kv.write((tx) => {
        group = this.#waiting.splice(0, MAX_GROUP);
        return runAll(tx, group);
      });
      for (const outcome of outcomes) settle(outcome);
    } catch (error) {
      if (error instanceof Spoiled) this.#rerunWithout(group, error);
      else
        for (const { reject } of group.length > 0 ? group : this.#waiting.splice(0)) reject(error);
    }
  }

  #rerunWithout(group: readonly Waiting[], { write, reason }: Spoiled): void {
    write.reject(reason);
    this.#waiting.unshift(...group.filter((other) => other !== write));
  }
}

function runAll(tx: WriteTransaction, group: readonly Waiting[]): Outcome[] {
  const chores = new Map<object, number>();
  for (const { options } of group) {
    if (options.chores === undefined) continue;
    const { owner, amount } = options.chores;
    chores.set(owner, (chores.get(owner) ?? 0) + amount);
  }
  return group.map((write) => runOne(tx, write, chores));
}

function runOne(tx: WriteTransaction, write: Waiting, chores: Map<object, number>): Outcome {
  const { body, options } = write;
  const watched = new WatchedTransaction(tx);
  try {
    options.signal?.throwIfAborted();
    const owner = options.chores?.owner;
    const due = owner === undefined ? undefined : chores.get(owner);
    const result = body(watched, due ?? 0);
    if (owner !== undefined) chores.delete(owner);
    return { write, result };
  } catch (refusal) {
    if (watched.hasWritten) throw new Spoiled(write, refusal);
    return { write, refusal };
  }
}

function settle(outcome: Outcome): void {
  if ("refusal" in outcome) outcome.write.reject(outcome.refusal);
  else outcome.write.resolve(outcome.result);
}

/** Thrown to undo a transaction in which a write has failed half-way. Never leaves this file. */
class Spoiled extends Error {
  constructor(
    readonly write: Waiting,
    readonly reason: unknown,
  ) {
    super("a write failed half-way");
  }
}

/** Tells whether anything was written through it. */
class WatchedTransaction implements WriteTransaction {
  hasWritten = false;

  constructor(readonly tx: WriteTransaction) {}

  get(key: Uint8Array): Uint8Array | undefined {
    return this.tx.get(key);
  }

  range(range: KeyRange): Iterable<Entry> {
    return this.tx.range(range);
  }

  keys(range: KeyRange): Iterable<Uint8Array> {
    return this.tx.keys(range);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.hasWritten = true;
    this.tx.put(key, value);
  }

  delete(key: Uint8Array): void {
    this.hasWritten = true;
    this.tx.delete(key);
  }
}
