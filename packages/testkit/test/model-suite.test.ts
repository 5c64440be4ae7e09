// The model suite must find what is wrong, and tell it in few operations.
import assert from "node:assert/strict";
import { type Mutation, memoryBackend } from "@nadb/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ModelSuiteOptions, modelSuite, type OpenBackend } from "../src/index.js";
import { firstFailureOf } from "./first-failure.js";
import { backend, namespace, override } from "./mutants/mutant.js";
import { storeMutants } from "./mutants/stores.js";
import { totalMutants } from "./mutants/totals.js";

interface Fault {
  readonly does: string;
  readonly open: OpenBackend;
  readonly mostOperations: number;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

const firstFailure = (open: OpenBackend, options: ModelSuiteOptions = {}) =>
  firstFailureOf((runner) => modelSuite(runner, open, { runs: 50, ...options }));

function mutant(does: string): OpenBackend {
  const found = [...storeMutants, ...totalMutants].find((one) => one.does === does);
  assert.ok(found !== undefined, `no mutant ${does}`);
  return found.open;
}

const known = (does: string, mostOperations: number): Fault => ({
  does,
  mostOperations,
  open: mutant(does),
});

const withoutLast = (mutations: readonly Mutation[]): readonly Mutation[] =>
  mutations.length > 2 ? mutations.slice(0, -1) : mutations;

const FAULTS: readonly Fault[] = [
  known("skips puts that change neither value nor tags", 2),
  known("takes a record that has expired for present", 3),
  known("counts what has expired in totals", 3),
  known("leaves out the last change of a run", 3),
  known("tells as the total what is left from the cursor on", 3),
  {
    does: "replaces by merging",
    mostOperations: 2,
    open: namespace((inner) => ({ replace: () => inner.merge() })),
  },
  {
    does: "ignores expectations",
    mostOperations: 2,
    open: namespace((inner) => ({ commit: (mutations) => inner.commit(mutations) })),
  },
  {
    does: "expires a millisecond late",
    mostOperations: 2,
    open: ({ clock }) => memoryBackend({ clock: () => clock() - 1 }),
  },
  {
    does: "drops the last of what is flushed together",
    mostOperations: 4,
    open: backend((inner) => ({
      capabilities: { ...inner.capabilities, buffering: true },
      namespace: async (id) => {
        const handle = await inner.namespace(id);
        return override(handle, {
          commit: (mutations, options) => handle.commit(withoutLast(mutations), options),
        });
      },
    })),
  },
];

describe("the model suite tells in few operations of a backend that", () => {
  it.each(FAULTS)("$does", async ({ open, mostOperations }) => {
    const message = (await firstFailure(open)) ?? "nothing was found";
    const operations = Number(/in (\d+) operations/.exec(message)?.[1]);
    expect(operations, message).toBeLessThanOrEqual(mostOperations);
  });
});

describe("a failure of the model suite", () => {
  const open = mutant("skips puts that change neither value nor tags");

  it("lists the operations and names the seed", async () => {
    const message = await firstFailure(open, { seed: 4711 });
    expect(message).toMatch(/\n {2}1\. \w+\(.*\n {2}2\. (touch|persist|set\w*)\(/);
    expect(message).toContain("NADB_SEED=4711");
  });

  it("is the same again with the same seed", async () => {
    expect(await firstFailure(open)).toBe(await firstFailure(open));
  });

  it("is reached at once by the way it prints", async () => {
    const message = (await firstFailure(open)) as string;
    vi.stubEnv("NADB_MODEL_REPLAY", /NADB_MODEL_REPLAY=(\S+)\)/.exec(message)?.[1]);
    expect(await firstFailure(open)).toBe(message);
  });
});

describe("the model suite refuses", () => {
  const declare = (): void =>
    modelSuite({ describe: (_name, body) => body(), it: () => {} }, mutant("keeps values as text"));

  it.each(["0", "-1", "1.5", "many"])("to run %s sequences", (runs) => {
    vi.stubEnv("NADB_MODEL_RUNS", runs);
    expect(declare).toThrow(`NADB_MODEL_RUNS ${runs}`);
  });

  it("a way that no failure has printed", () => {
    vi.stubEnv("NADB_MODEL_REPLAY", "somewhere");
    expect(declare).toThrow("NADB_MODEL_REPLAY somewhere");
  });
});
