// What a store is made to do while it is killed. Of a workload of one history each line is a change of it:
//   { ask: [mutation, …] }   asked for, in this order      { safe: n }   of those asked for, the first n are durable
//   { cut: n }               a commit may end behind the first n; without such lines it may end behind any
// The others say what their own judge understands: ledger.ts, counters.ts. "Now" is the number of the next write.

import { drawBatch, drawExpiring, drawLarge, drawOverwrite, drawSet, draws } from "./draws.mjs";

const entryOf = (one) => {
  const { put: key, tags, expiresAt } = one;
  return { key, value: one.text.repeat(one.times), tags, ...(expiresAt && { expiresAt }) };
};

/** By the call an application would take; those of one kind go together, others by the contract's own commit. */
function apply(store, mutations) {
  const deletes = mutations.flatMap((one) => one.delete ?? []);
  const puts = mutations.filter((one) => one.put !== undefined).map(entryOf);
  if (puts.length === 0 && deletes.length === 1) return store.delete(deletes[0]);
  if (puts.length === 0) return store.deleteMany(deletes);
  if (deletes.length > 0) return commit(store, puts, deletes);
  if (puts.length > 1) return store.setMany(puts);
  const [{ key, value, ...options }] = puts;
  return store.set(key, value, options);
}

function commit(store, puts, deletes) {
  const encoder = new TextEncoder();
  return store.storage.commit([
    ...puts.map((one) => ({ type: "put", ...one, value: encoder.encode(one.value) })),
    ...deletes.map((key) => ({ type: "delete", key })),
  ]);
}

/** Asks for what is drawn for each number, one after another; what is acknowledged is durable unless it is buffered. */
const history =
  (draw, { buffered = false } = {}) =>
  async (store, job) => {
    while (job.running) {
      const number = job.next++;
      const mutations = draw(`${job.writer}:`, number, draws(number));
      const asked = job.next - job.first;
      job.tell({ ask: mutations });
      await apply(store, mutations);
      if (buffered) await new Promise(setImmediate);
      else job.tell({ safe: asked });
    }
  };

/** Flushes again and again. Where the buffer holds all, a flush is the only place at which a commit ends. */
const flushes = (holdsAll) => async (store, job) => {
  for (; job.running; await new Promise(setImmediate)) {
    const asked = job.next - job.first;
    if (holdsAll) job.tell({ cut: asked });
    await store.flush();
    job.tell({ safe: asked });
  }
};

async function sweeps(store, job) {
  for (; job.running; await new Promise(setImmediate)) await store.cleanupExpired();
}

const ACCOUNTS = 6;

/** Moves money between accounts and books it, in one transaction. */
async function transfers(store, job) {
  const balance = async (tx, account) => Number(new TextDecoder().decode(await tx.get(account)));
  while (job.running) {
    const number = job.next++;
    const draw = draws(number);
    const from = draw(ACCOUNTS);
    const to = (from + 1 + draw(ACCOUNTS - 1)) % ACCOUNTS;
    const [name, amount] = [`${job.writer}:${number}`, 1 + draw(100)];
    job.tell({ transfer: name, from, to, amount });
    await store.transaction(
      async (tx) => {
        tx.set(`account:${from}`, `${(await balance(tx, `account:${from}`)) - amount}`);
        tx.set(`account:${to}`, `${(await balance(tx, `account:${to}`)) + amount}`);
        tx.set(`transfer:${name}`, JSON.stringify({ from, to, amount }));
      },
      { retries: 1_000 },
    );
    job.tell({ done: name });
  }
}

/** Adds one to a counter on condition that nobody else has, until it works. */
async function counts(store, job) {
  while (job.running) {
    const counter = `counter:${draws(job.next++)(3)}`;
    job.tell({ count: counter });
    job.tell({ counted: counter, value: await addOne(store, counter) });
  }
}

async function addOne(store, counter) {
  for (;;) {
    const record = await store.getWithMetadata(counter);
    const value = 1 + (record === undefined ? 0 : Number(new TextDecoder().decode(record.value)));
    const condition = record === undefined ? { ifAbsent: true } : { ifVersion: record.version };
    try {
      await store.set(counter, `${value}`, condition);
      return value;
    } catch (error) {
      if (error.code !== "NADB_CONFLICT") throw error;
    }
  }
}

export const WORKLOADS = {
  "single sets": { atOnce: 1, worker: history(drawSet) },
  "64 sets in flight": { atOnce: 64, worker: history(drawSet) },
  batches: { atOnce: 3, worker: history(drawBatch) },
  "deletes and overwrites": { atOnce: 8, worker: history(drawOverwrite) },
  "compressed values": { atOnce: 4, worker: history(drawLarge), compressValues: { minBytes: 100 } },
  "expiry and sweeps": { atOnce: 2, worker: history(drawExpiring), beside: sweeps },
  "buffered sets": {
    buffered: true,
    bufferSizeMb: 64,
    atOnce: 8,
    worker: history(drawSet, { buffered: true }),
    beside: flushes(true),
  },
  "a small buffer": {
    buffered: true,
    bufferSizeMb: 0.02,
    atOnce: 8,
    worker: history(drawSet, { buffered: true }),
    beside: flushes(false),
  },
  transfers: { atOnce: 8, worker: transfers },
  counters: { atOnce: 8, worker: counts },
};
