// The workloads by name: what the program does, and who judges what was left of it.
import type { OpenStoreOptions } from "@nadb/core";
import { Counters } from "./counters.js";
import { drawBatch, drawExpiring, drawLarge, drawOverwrite, drawSet } from "./draws.js";
import { Histories } from "./histories.js";
import { History } from "./history.js";
import type { Worker } from "./job.js";
import type { Judge } from "./judge.js";
import { Ledger } from "./ledger.js";
import { counts, flushes, history, sweeps, transfers } from "./workers.js";

export interface Workload {
  /** So many workers at once. */
  readonly atOnce: number;
  readonly worker: Worker;
  readonly beside?: Worker;
  /** The store has a sync that flushes when it is told to. */
  readonly buffered?: boolean;
  /** A flush is the only place at which a commit ends. */
  readonly endsAtCuts?: boolean;
  /** Each commit is of one key, so a backend without transactions can do it. */
  readonly isOfSingleKeys?: boolean;
  /** Two processes write the same keys. */
  readonly shared?: () => Judge;
  readonly options?: Pick<OpenStoreOptions, "bufferSizeMb" | "compressValues">;
}

const single = { isOfSingleKeys: true };
const buffering = { buffered: true, atOnce: 8, worker: history(drawSet, { buffered: true }) };

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  "single sets": { ...single, atOnce: 1, worker: history(drawSet) },
  "64 sets in flight": { ...single, atOnce: 64, worker: history(drawSet) },
  batches: { atOnce: 3, worker: history(drawBatch) },
  "deletes and overwrites": { ...single, atOnce: 8, worker: history(drawOverwrite) },
  "compressed values": {
    ...single,
    atOnce: 4,
    worker: history(drawLarge),
    options: { compressValues: { minBytes: 100 } },
  },
  "expiry and sweeps": { atOnce: 2, worker: history(drawExpiring), beside: sweeps },
  "buffered sets": {
    ...buffering,
    endsAtCuts: true,
    beside: flushes(true),
    options: { bufferSizeMb: 64 },
  },
  "a small buffer": {
    ...buffering,
    beside: flushes(false),
    options: { bufferSizeMb: 0.02 },
  },
  transfers: { atOnce: 8, worker: transfers, shared: () => new Ledger() },
  counters: { ...single, atOnce: 8, worker: counts, shared: () => new Counters() },
};

/** Those of which two processes do the same. */
export const OF_TWO = ["64 sets in flight", "batches", "transfers", "counters"] as const;

export const prefixOf = (writer: string): string => `${writer}:`;

/** Keys whose writes take effect in the order of the calls, by the name of what they share. */
export type ScopeOf = (key: string) => string;

/** One judge for each writer; the same where they write the same keys. */
export function judgesOf(
  { shared, endsAtCuts }: Workload,
  writers: readonly string[],
  scopeOf: ScopeOf | undefined,
): Judge[] {
  const judge = shared?.();
  if (judge !== undefined) return writers.map(() => judge);
  return writers.map(prefixOf).map((prefix) => {
    if (scopeOf !== undefined) return new Histories(prefix, scopeOf);
    return new History((key) => key.startsWith(prefix), endsAtCuts);
  });
}
