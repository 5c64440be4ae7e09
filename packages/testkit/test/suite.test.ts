// A suite that cannot fail proves nothing: every mutant must be caught, by the case that is about its fault.
import assert from "node:assert/strict";
import { memoryBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { backendConformance, type OpenBackend, type Runner } from "../src/index.js";
import { MUTANTS } from "./mutants/all.js";

/** Declares the suite against a runner that runs nothing; answers its cases as "law › case". */
function record(open: OpenBackend, seed?: number): Map<string, () => Promise<void>> {
  const cases = new Map<string, () => Promise<void>>();
  let law = "";
  const runner: Runner = {
    describe(name, body) {
      law = name;
      body();
    },
    it(name, body) {
      const title = `${law} › ${name}`;
      assert.ok(!cases.has(title), `two cases are called ${title}`);
      cases.set(title, body);
    },
  };
  backendConformance(runner, open, seed === undefined ? {} : { seed });
  return cases;
}

describe("the suite catches a backend that", () => {
  it.each(MUTANTS)("$does", async ({ caughtBy, open }) => {
    const body = record(open).get(caughtBy);
    assert.ok(body !== undefined, `there is no case ${caughtBy}`);
    await expect(body()).rejects.toThrow();
  });
});

describe("the suite", () => {
  it("holds on other seeds, too", async () => {
    for (const seed of [1, 2, 3]) {
      const cases = record(({ clock }) => memoryBackend({ clock }), seed);
      for (const name of ["any history", "head", "tags", "changes"]) {
        for (const [title, body] of cases) if (title.startsWith(name)) await body();
      }
    }
  });

  it("tells the seed when a case fails", async () => {
    const cases = record(() => Promise.reject(new Error("no such backend")), 77);
    const body = cases.get(
      "any history › of commits, expiry, sweeps, loads and trims reads as the oracle says",
    );
    await expect(body?.()).rejects.toThrow("NADB_SEED=77");
  });

  it("fits the runner of node:test", () => {
    const fits = (runner: typeof import("node:test")): Runner => runner;
    expect(fits).toBeTypeOf("function");
  });
});
