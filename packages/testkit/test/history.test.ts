// The law "any history" on many seeds: sets, deletes, expiry, tags, loads, sweeps, trims, closing and opening,
// against the oracle. NADB_MODEL_RUNS asks for more of them, NADB_SEED for others; a failure names its seed.
import assert from "node:assert/strict";
import { memoryBackend } from "@nadb/core";
import { describe, it } from "vitest";
import { backendConformance, type OpenBackend, type Runner } from "../src/index.js";
import { seedOfRun } from "../src/random.js";
import { strictBackend } from "./strict-kv.js";

/** Each of 250 steps. */
const RUNS = Number(process.env.NADB_MODEL_RUNS || 40);
const RUNS_TO_A_TEST = 20;

function history(open: OpenBackend, seed: number): () => Promise<void> {
  let inLaw = false;
  let body: (() => Promise<void>) | undefined;
  const runner: Runner = {
    describe(name, cases) {
      inLaw = name === "any history";
      cases();
    },
    it(_name, test) {
      if (inLaw) body = test;
    },
  };
  backendConformance(runner, open, { seed });
  assert.ok(body !== undefined, "there is no law of any history");
  return body;
}

const starts = Array.from(
  { length: Math.ceil(RUNS / RUNS_TO_A_TEST) },
  (_, i) => i * RUNS_TO_A_TEST,
);

describe.each([
  ["memory", ({ clock }) => memoryBackend({ clock })],
  ["an engine that is strict, and outlives close", strictBackend],
] satisfies [string, OpenBackend][])("any history on %s", (_name, open) => {
  it.each(starts)(
    "from run %i on",
    async (start) => {
      for (let run = start; run < Math.min(start + RUNS_TO_A_TEST, RUNS); run++) {
        await history(open, seedOfRun() + run)();
      }
    },
    600_000,
  );
});
