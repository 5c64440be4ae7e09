import assert from "node:assert/strict";
import { type Expectation, isNadbError, type StorageNamespace } from "@nadb/core";
import { changesNothing, refuses } from "../assertions.js";
import { put, remove, text } from "../generate.js";
import type { Law } from "../law.js";
import { get, mustGet, readRun } from "../runs.js";

export const expectations: Law = {
  name: "expectation",
  cases: {
    "of the version a key stands at lets the commit happen": async ({ namespace }) => {
      const version = await make(namespace, "a");
      await namespace.commit([put("a", "2")], { expect: [{ key: "a", version }] });
      assert.deepEqual((await mustGet(namespace, "a")).value, text("2"));
    },

    "of another version is a conflict": async ({ namespace }) => {
      const old = await make(namespace, "a");
      const version = await make(namespace, "a");
      await conflicts(namespace, [{ key: "a", version: old }]);
      await conflicts(namespace, [{ key: "a", version: version + 1 }]);
    },

    "of null lets the commit happen when the key is absent": async ({ namespace }) => {
      await namespace.commit([put("a")], { expect: [{ key: "a", version: null }] });
      await mustGet(namespace, "a");
    },

    "of null is a conflict when the key is there": async ({ namespace }) => {
      await make(namespace, "a");
      await conflicts(namespace, [{ key: "a", version: null }]);
    },

    "of a version is a conflict when the key is absent": async ({ namespace }) => {
      await conflicts(namespace, [{ key: "a", version: 1 }]);
    },

    "takes a deleted key for absent": async ({ namespace }) => {
      const version = await make(namespace, "a");
      const deleted = await namespace.commit([remove("a")]);
      await conflicts(namespace, [{ key: "a", version }]);
      await conflicts(namespace, [{ key: "a", version: deleted.versions[0] as number }]);
      await namespace.commit([put("a")], { expect: [{ key: "a", version: null }] });
    },

    "lets a delete happen, or not": async ({ namespace }) => {
      const version = await make(namespace, "a");
      await refuses("NADB_CONFLICT", () =>
        namespace.commit([remove("a")], { expect: [{ key: "a", version: version + 1 }] }),
      );
      await mustGet(namespace, "a");
      await namespace.commit([remove("a")], { expect: [{ key: "a", version }] });
      assert.equal(await get(namespace, "a"), undefined);
    },

    "may name keys that the commit does not change (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const version = await make(bench.namespace, "guard");
      const expect = [
        { key: "guard", version },
        { key: "absent", version: null },
      ];
      await bench.namespace.commit([put("a", "1")], { expect });
      await make(bench.namespace, "guard");
      await conflicts(bench.namespace, expect);
    },

    "that fails among others that hold is a conflict (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const [a, b] = [await make(bench.namespace, "a"), await make(bench.namespace, "b")];
      for (const expect of [
        [
          { key: "a", version: a },
          { key: "b", version: b + 1 },
        ],
        [
          { key: "b", version: b + 1 },
          { key: "a", version: a },
        ],
        [
          { key: "a", version: a },
          { key: "c", version: b },
        ],
      ]) {
        await conflicts(bench.namespace, expect);
      }
    },

    "makes compare-and-set counting exact": async ({ namespace }) => {
      const workers = Array.from({ length: 6 }, () => countUp(namespace, 8));
      await Promise.all(workers);
      assert.equal(Number(Buffer.from((await mustGet(namespace, "count")).value).toString()), 48);
    },
  },
};

async function make(namespace: StorageNamespace, key: string): Promise<number> {
  const { versions } = await namespace.commit([put(key)]);
  return versions[0] as number;
}

/** The expectations must fail, and neither head nor feed may show the commit. */
async function conflicts(
  namespace: StorageNamespace,
  expect: readonly Expectation[],
): Promise<void> {
  const [first] = expect;
  const { checkpoint } = await namespace.head();
  await changesNothing(namespace, () =>
    refuses("NADB_CONFLICT", () => namespace.commit([put(first?.key ?? "a", "never")], { expect })),
  );
  assert.deepEqual((await readRun(namespace, checkpoint)).changes, []);
}

async function countUp(namespace: StorageNamespace, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const before = await get(namespace, "count");
    const next = before === undefined ? 1 : Number(Buffer.from(before.value).toString()) + 1;
    const expect = [{ key: "count", version: before?.version ?? null }];
    try {
      await namespace.commit([put("count", `${next}`)], { expect });
      done += 1;
    } catch (error) {
      if (!isNadbError(error, "NADB_CONFLICT")) throw error;
    }
  }
}
