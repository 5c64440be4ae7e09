// The program that is killed: opens the store it is told of and works on it until it is told to stop, or dies.
//   arguments   storage, workload, writer           standard input   the number of the first write; then "stop"
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { KeyValueStore, KeyValueSync, type StorageBackend } from "@nadb/core";
import type { Job } from "./job.js";
import { prefixOf, WORKLOADS, type Workload } from "./workloads.js";

/** Makes a backend on the storage of this name, not opened. It must take the time from `clock`. */
export type OpenStorage = (
  storage: string,
  clock: () => number,
) => StorageBackend | Promise<StorageBackend>;

/**
 * The whole of a program that `killSuite` runs and kills.
 *
 * @example
 * await killVictim((path, clock) => acmeBackend({ path, clock }));
 */
export async function killVictim(open: OpenStorage): Promise<void> {
  const [storage = "", name = "", writer = ""] = process.argv.slice(2);
  const workload = WORKLOADS[name];
  if (workload === undefined) throw new TypeError(`this program is run by killSuite, not by hand`);
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const job = newJob(prefixOf(writer), Number((await lines.next()).value));
  const clock = (): number => job.next;
  const store = await openStore(await open(storage, clock), workload, clock);
  const stopped = lines.next().then(() => {
    job.running = false;
  });
  await work(store, workload, job);
  await stopped;
  await closeStore(store, workload, job);
  process.stdin.destroy();
}

function newJob(prefix: string, first: number): Job {
  const tell: Job["tell"] = (line) => void writeSync(1, `${JSON.stringify(line)}\n`);
  return { prefix, first, next: first, running: true, tell };
}

function openStore(
  backend: StorageBackend,
  { options, buffered }: Workload,
  clock: () => number,
): Promise<KeyValueStore> {
  const sync = buffered && { sync: new KeyValueSync({ flushIntervalSeconds: 3_600, clock }) };
  return KeyValueStore.open({ backend, clock, ...options, ...sync });
}

/** What is buffered is committed now. */
async function closeStore(store: KeyValueStore, { buffered }: Workload, job: Job): Promise<void> {
  const asked = job.next - job.first;
  if (buffered) job.tell({ cut: asked });
  await store.close();
  if (buffered) job.tell({ safe: asked });
}

async function work(store: KeyValueStore, workload: Workload, job: Job): Promise<void> {
  const { atOnce, worker, beside } = workload;
  const workers = Array.from({ length: atOnce }, () => worker(store, job));
  await Promise.all([...workers, beside?.(store, job)]);
}
