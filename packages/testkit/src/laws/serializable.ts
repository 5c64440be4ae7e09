// Drawn transactions by several at once, recorded as they commit; their history must have an order.
import assert from "node:assert/strict";
import { type KeyValueStore, type StorageBackend, text } from "@nadb/core";
import { turn } from "../alongside.js";
import type { Bench } from "../bench.js";
import type { Random } from "../random.js";
import { type Committed, describeCycle, findCycle } from "../serializability.js";
import { openStore, PATIENT, watchCommits } from "../stores.js";

const KEYS = ["w", "x", "y", "z"];
const WORKERS = 5;
const TRANSACTIONS = 6;

/** Fails with the cycle that keeps the transactions from having run one after the other. */
export async function assertSerializable(
  bench: Bench,
  backends: readonly StorageBackend[],
  namespace: string,
): Promise<void> {
  const history: Committed[] = [];
  const workers = Array.from({ length: WORKERS }, (_, i) => {
    const backend = backends[i % backends.length] as StorageBackend;
    return work(bench, { name: `T${i}`, backend, namespace }, history);
  });
  await Promise.all(workers);
  assert.equal(history.length, WORKERS * TRANSACTIONS);
  const cycle = findCycle(history);
  assert.ok(cycle === undefined, cycle && `no order fits: ${describeCycle(cycle)}`);
}

interface Worker {
  readonly name: string;
  readonly backend: StorageBackend;
  readonly namespace: string;
}

/** One transaction after the other, on a store of the worker's own, so that a commit seen is that of its transaction. */
async function work(bench: Bench, worker: Worker, history: Committed[]): Promise<void> {
  let writes = new Map<string, number>();
  const backend = watchCommits(worker.backend, (mutations, commit) => {
    writes = new Map(mutations.map(({ key }, i) => [key, commit.versions[i] as number]));
  });
  const { namespace } = worker;
  const store = await openStore(bench, { backend, codec: text, namespace });
  for (let i = 0; i < TRANSACTIONS; i++) {
    const name = `${worker.name}.${i}`;
    writes = new Map();
    const reads = await oneTransaction(store, name, drawSteps(bench.random));
    history.push({ name, reads, writes });
  }
}

interface Step {
  readonly key: string;
  readonly does: "get" | "set" | "wait";
}

const drawSteps = (random: Random): Step[] =>
  Array.from({ length: 2 + random.int(5) }, () => ({
    key: random.pick(KEYS),
    does: random.pick(["get", "get", "set", "wait"]),
  }));

/** Answers what the attempt that committed has read. */
async function oneTransaction(
  store: KeyValueStore<string, string>,
  name: string,
  steps: readonly Step[],
): Promise<Map<string, number>> {
  const reads = new Map<string, number>();
  await store.transaction(async (tx) => {
    reads.clear();
    const written = new Set<string>();
    for (const { key, does } of steps) {
      if (does === "wait") await turn();
      if (does === "set") tx.set(key, name);
      if (does === "set") written.add(key);
      if (does !== "get" || written.has(key)) continue;
      reads.set(key, (await tx.getWithMetadata(key))?.version ?? 0);
    }
  }, PATIENT);
  return reads;
}
