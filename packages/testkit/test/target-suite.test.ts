// The suite for targets catches every mutant, by the case that is about its fault.
import assert from "node:assert/strict";
import { memoryTarget } from "@nadb/backup";
import { describe, expect, it } from "vitest";
import { type OpenTarget, type Runner, targetConformance } from "../src/index.js";
import { targetMutants } from "./mutants/targets.js";

/** Declares the suite against a runner that runs nothing; answers its cases as "law › case". */
function record(open: OpenTarget, seed?: number): Map<string, () => Promise<void>> {
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
  targetConformance(runner, open, seed === undefined ? {} : { seed });
  return cases;
}

describe("the suite for targets catches one that", () => {
  it.each(targetMutants)("$does", async ({ caughtBy, open }) => {
    const body = record(open).get(caughtBy);
    assert.ok(body !== undefined, `there is no case ${caughtBy}`);
    await expect(body()).rejects.toThrow();
  });
});

describe("the suite for targets", () => {
  it("holds on other seeds, too", async () => {
    for (const seed of [1, 2, 3]) {
      for (const [title, body] of record(memoryTarget, seed))
        if (title.startsWith("any sequence")) await body();
    }
  });

  it("tells the seed when a case fails", async () => {
    const cases = record(() => Promise.reject(new Error("no such target")), 77);
    await expect(
      cases.get("racing › those who replace one file leave that of one of them")?.(),
    ).rejects.toThrow("NADB_SEED=77");
  });
});
