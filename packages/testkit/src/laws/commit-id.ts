import assert from "node:assert/strict";
import type { StorageNamespace } from "@nadb/core";
import { changesNothing, refuses } from "../assertions.js";
import { encodeAll, foreign, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { get, mustGet } from "../runs.js";

const HOUR = 3_600_000;

export const commitId: Law = {
  name: "commit id",
  cases: {
    "makes a retry answer with the first result and write nothing": async ({ namespace }) => {
      const first = await namespace.commit([put("a")], { id: "one" });
      await namespace.commit([put("a", "later")]);
      await changesNothing(namespace, async () => {
        assert.deepEqual(await namespace.commit([put("a")], { id: "one" }), first);
      });
      assert.deepEqual((await mustGet(namespace, "a")).value, put("a", "later").value);
    },

    "makes a retry succeed though its expectation no longer holds": async ({ namespace }) => {
      const retried = () =>
        namespace.commit([put("a")], { id: "create", expect: [{ key: "a", version: null }] });
      const first = await retried();
      assert.deepEqual(await retried(), first);
    },

    "writes once when sent twice at the same time": async ({ namespace }) => {
      const send = () => namespace.commit([put("a")], { id: "twice" });
      const [first, second] = await Promise.all([send(), send()]);
      assert.deepEqual(first, second);
      assert.equal((await mustGet(namespace, "a")).version, first?.versions[0]);
    },

    "is not remembered for a commit that was refused": async ({ namespace }) => {
      const send = () =>
        namespace.commit([put("a")], { id: "x", expect: [{ key: "a", version: null }] });
      await namespace.commit([put("a", "first")]);
      await refuses("NADB_CONFLICT", send);
      await namespace.commit([remove("a")]);
      await send();
      await mustGet(namespace, "a");
    },

    "belongs to its namespace": async (bench) => {
      const other = await bench.other("other");
      await bench.namespace.commit([put("a")], { id: "same" });
      await other.commit([put("b")], { id: "same" });
      await mustGet(other, "b");
    },

    "is remembered for an hour, whatever comes between": async ({ namespace, clock }) => {
      const first = await namespace.commit([put("a")], { id: "old" });
      for (const one of puts(50)) await namespace.commit([one], { id: one.key });
      clock.advance(HOUR - 1);
      await namespace.commit([remove("a")], { id: "delete" });
      assert.deepEqual(await namespace.commit([put("a")], { id: "old" }), first);
      assert.equal(await get(namespace, "a"), undefined);
    },

    "is remembered across a replace": async ({ namespace }) => {
      const first = await namespace.commit([put("a")], { id: "old" });
      const load = await namespace.replace();
      await load.put(encodeAll([foreign("restored")]));
      await load.commit();
      await changesNothing(namespace, async () => {
        assert.deepEqual(await namespace.commit([put("a")], { id: "old" }), first);
      });
    },

    "is remembered across close and open (if durable)": async (bench) => {
      if (!bench.outlivesClose) return;
      const send = (namespace: StorageNamespace) => namespace.commit([put("a")], { id: "kept" });
      const first = await send(bench.namespace);
      await bench.namespace.commit([remove("a")]);
      await bench.reopen();
      assert.deepEqual(await send(bench.namespace), first);
      assert.equal(await get(bench.namespace, "a"), undefined);
    },

    "of 128 characters is taken": async ({ namespace }) => {
      for (const id of ["x".repeat(128), "é".repeat(128), "a/b:c \0"]) {
        const first = await namespace.commit([put("a")], { id });
        assert.deepEqual(await namespace.commit([put("a")], { id }), first);
      }
    },
  },
};
