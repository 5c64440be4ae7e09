// What a store is made to do while it is killed. "Now" is the number of the next write.
import { isNadbError, type KeyValueStore, type Transaction, type Value } from "@nadb/core";
import { apply } from "./apply.js";
import { type DrawChanges, draws } from "./draws.js";
import { type Job, turn, type Worker } from "./job.js";

/** Asks for what is drawn for each number, one after another; what is acknowledged is durable unless it is buffered. */
export const history =
  (draw: DrawChanges, { buffered = false } = {}): Worker =>
  async (store, job) => {
    while (job.running) {
      const number = job.next++;
      const changes = draw(job.prefix, number, draws(number));
      const asked = job.next - job.first;
      job.tell({ ask: changes });
      await apply(store, changes);
      if (buffered) await turn();
      else job.tell({ safe: asked });
    }
  };

/** Flushes again and again. Where the buffer holds all, a flush is the only place at which a commit ends. */
export const flushes =
  (holdsAll: boolean): Worker =>
  async (store, job) => {
    for (; job.running; await turn()) {
      const asked = job.next - job.first;
      if (holdsAll) job.tell({ cut: asked });
      await store.flush();
      job.tell({ safe: asked });
    }
  };

export const sweeps: Worker = async (store, job) => {
  for (; job.running; await turn()) await store.cleanupExpired();
};

type Tx = Transaction<Uint8Array, Value>;

const ACCOUNTS = 6;
const RETRIES = 1_000;

/** Moves money between accounts and books it, in one transaction. */
export const transfers: Worker = async (store, job) => {
  while (job.running) {
    const number = job.next++;
    const draw = draws(number);
    const from = draw(ACCOUNTS);
    const to = (from + 1 + draw(ACCOUNTS - 1)) % ACCOUNTS;
    const transfer = `${job.prefix}${number}`;
    const amount = 1 + draw(100);
    job.tell({ transfer, from, to, amount });
    const move = async (tx: Tx): Promise<void> => {
      tx.set(`account:${from}`, `${(await balance(tx, from)) - amount}`);
      tx.set(`account:${to}`, `${(await balance(tx, to)) + amount}`);
      tx.set(`transfer:${transfer}`, JSON.stringify({ from, to, amount }));
    };
    await store.transaction(move, { retries: RETRIES });
    job.tell({ done: transfer });
  }
};

const balance = async (tx: Tx, account: number): Promise<number> =>
  numberIn(await tx.get(`account:${account}`));

const numberIn = (value: Uint8Array | undefined): number => Number(new TextDecoder().decode(value));

/** Adds one to a counter on condition that nobody else has, until it works. */
export const counts: Worker = async (store, job: Job) => {
  while (job.running) {
    const counter = `counter:${draws(job.next++)(3)}`;
    job.tell({ count: counter });
    job.tell({ counted: counter, value: await addOne(store, counter) });
  }
};

async function addOne(store: KeyValueStore, counter: string): Promise<number> {
  for (;;) {
    const record = await store.getWithMetadata(counter);
    const value = 1 + numberIn(record?.value);
    const condition = record === undefined ? { ifAbsent: true } : { ifVersion: record.version };
    try {
      await store.set(counter, `${value}`, condition);
      return value;
    } catch (error) {
      if (!isNadbError(error, "NADB_CONFLICT")) throw error;
    }
  }
}
