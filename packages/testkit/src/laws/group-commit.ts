// Commits that are called before any of them is awaited. A backend may write them together; each is its own all the same.
// Without `transactions` a backend may number the changes of its partitions apart, so one key is compared.
import assert from "node:assert/strict";
import { type ErrorCode, isNadbError, type Mutation, type StorageNamespace } from "@nadb/core";
import { assertAscending } from "../assertions.js";
import { put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { get, keyOf, mustGet, readKeys, readRun, versionOf } from "../runs.js";

export const groupCommit: Law = {
  name: "commits at once",
  cases: {
    "take effect in the order of the calls": async ({ namespace }) => {
      const calls = puts(80).map((_, i) => namespace.commit([put("shared", `${i}`)]));
      const versions = (await Promise.all(calls)).map((commit) => commit.versions[0] as number);
      assertAscending(versions, "versions in the order of the calls");
      const { value, version } = await mustGet(namespace, "shared");
      assert.deepEqual([Buffer.from(value).toString(), version], ["79", versions.at(-1)]);
    },

    "of any keys are numbered in the order of the calls (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const { namespace, random } = bench;
      const mutations = random.shuffle(puts(80));
      const calls = mutations.map((one, i) => namespace.commit(i % 9 ? [one] : [one, put("also")]));
      const versions = (await Promise.all(calls)).flatMap((commit) => commit.versions as number[]);
      assertAscending(versions, "versions in the order of the calls");
      const { changes } = await readRun(namespace, null);
      const known = new Set(versions);
      for (const change of changes) assert.ok(known.has(versionOf(change)), "an unknown version");
    },

    "see those called before them": async ({ namespace }) => {
      const absent = { expect: [{ key: "a", version: null }] };
      const outcomes = await outcomesOf([
        namespace.commit([put("a", "1")], absent),
        namespace.commit([put("a", "2")], absent),
        namespace.commit([remove("a")]),
        namespace.commit([put("a", "3")], absent),
      ]);
      assert.deepEqual(outcomes, ["done", "NADB_CONFLICT", "done", "done"]);
      assert.equal(await read(namespace, "a"), "3");
    },

    "fail each alone: on a conflict, on bad input, on a signal": async ({ namespace }) => {
      const outcomes = await outcomesOf([
        namespace.commit([put("a")]),
        namespace.commit([put("b")], { expect: [{ key: "b", version: 7 }] }),
        namespace.commit([put("c")]),
        namespace.commit([put("")]),
        namespace.commit([put("d")]),
        namespace.commit([put("e")], { signal: AbortSignal.abort() }),
        namespace.commit([put("f")]),
      ]);
      assert.deepEqual(outcomes, [
        "done",
        "NADB_CONFLICT",
        "done",
        "NADB_INVALID_ARGUMENT",
        "done",
        "aborted",
        "done",
      ]);
      assert.deepEqual(await readKeys(namespace), ["a", "c", "d", "f"]);
    },

    "each answer a cut that holds it": async ({ namespace }) => {
      const mutations = puts(30);
      const commits = await Promise.all(mutations.map((one) => namespace.commit([one])));
      for (const [i, { checkpoint }] of commits.entries()) {
        const later = (await readRun(namespace, checkpoint)).changes.map(keyOf);
        assert.ok(!later.includes(keyAt(mutations, i)), `${keyAt(mutations, i)} is behind its cut`);
      }
    },

    "that close comes upon are there afterwards, or were refused (if durable)": async (bench) => {
      if (!bench.outlivesClose) return;
      const mutations = puts(60);
      const settled = Promise.allSettled(mutations.map((one) => bench.namespace.commit([one])));
      await bench.close();
      const outcomes = await settled;
      await bench.reopen();
      const found = new Set(await readKeys(bench.namespace));
      outcomes.forEach(({ status }, i) => {
        const key = keyAt(mutations, i);
        if (status === "fulfilled") assert.ok(found.has(key), `${key} is lost`);
      });
    },
  },
};

const keyAt = (mutations: readonly Mutation[], i: number): string => (mutations[i] as Mutation).key;

type Outcome = "done" | ErrorCode | "aborted";

async function outcomesOf(calls: readonly Promise<unknown>[]): Promise<Outcome[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((one) => {
    if (one.status === "fulfilled") return "done";
    return isNadbError(one.reason) ? one.reason.code : "aborted";
  });
}

async function read(namespace: StorageNamespace, key: string): Promise<string | undefined> {
  const record = await get(namespace, key);
  return record && Buffer.from(record.value).toString();
}
