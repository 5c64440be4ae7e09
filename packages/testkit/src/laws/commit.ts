import assert from "node:assert/strict";
import type { Mutation } from "@nadb/core";
import { whileRunning } from "../alongside.js";
import { changesNothing, refuses } from "../assertions.js";
import type { Bench } from "../bench.js";
import { put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { get, mustGet, readKeys, readRun } from "../runs.js";

export const commit: Law = {
  name: "commit",
  cases: {
    "answers for each mutation the version it made": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      const { versions } = await namespace.commit([put("a", "2")]);
      assert.equal((await mustGet(namespace, "a")).version, versions[0]);
      const missing = await namespace.commit([remove("missing")]);
      assert.deepEqual(missing.versions, [undefined]);
      const deleted = await namespace.commit([remove("a")]);
      assert.ok(Number.isSafeInteger(deleted.versions[0]), "a delete makes a version");
    },

    "lets the last of several mutations of a key win": async (bench) => {
      await bench.namespace.commit([put("gone")]);
      const { versions } = await bench.namespace.commit([
        put("a", "1"),
        put("a", "2"),
        put("a", "3"),
      ]);
      assert.deepEqual(versions.slice(0, 2), [undefined, undefined]);
      const record = await mustGet(bench.namespace, "a");
      assert.deepEqual([record.value, record.version], [put("a", "3").value, versions[2]]);
      await bench.namespace.commit([put("gone", "again"), remove("gone")]);
      assert.equal(await get(bench.namespace, "gone"), undefined);
      await bench.namespace.commit([remove("a"), put("a", "4")]);
      assert.deepEqual((await mustGet(bench.namespace, "a")).value, put("a", "4").value);
    },

    "is all or nothing when a mutation is refused": async (bench) => {
      const { namespace } = bench;
      await namespace.commit([put("a", "before")]);
      const bad: Mutation[] = [put("a", "after"), put("b"), remove("a"), put("")];
      await changesNothing(namespace, () =>
        refuses(["NADB_INVALID_ARGUMENT", "NADB_UNSUPPORTED"], () => namespace.commit(bad)),
      );
      assert.deepEqual((await mustGet(namespace, "a")).value, put("a", "before").value);
    },

    "is never seen in part (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const keys = ["left", "middle", "right"];
      await whileRunning(writeTogether(bench, keys, 60), async () => {
        const records = await bench.namespace.getMany(keys);
        const values = records.map((one) => one && Buffer.from(one.value).toString());
        assert.equal(new Set(values).size, 1, `a commit was seen in part: ${values.join(" | ")}`);
      });
    },

    "names the cut right after it": async ({ namespace }) => {
      const { checkpoint } = await namespace.commit([put("a")]);
      assert.equal(checkpoint, (await namespace.head()).checkpoint);
      await namespace.commit([put("b")]);
      assert.deepEqual((await readRun(namespace, checkpoint)).changes.length, 1);
    },

    "moves the checkpoint when something changed, and only then": async ({ namespace }) => {
      const { checkpoint } = await namespace.commit([put("a")]);
      assert.notEqual((await namespace.commit([put("b")])).checkpoint, checkpoint);
      await changesNothing(namespace, async () => {
        const nothing = await namespace.commit([remove("missing")]);
        assert.equal(nothing.checkpoint, (await namespace.head()).checkpoint);
      });
    },

    "of nothing changes nothing": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      await changesNothing(namespace, async () => {
        const empty = await namespace.commit([]);
        assert.deepEqual(empty.versions, []);
        assert.equal(empty.checkpoint, (await namespace.head()).checkpoint);
      });
    },

    "takes a thousand mutations at once (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const { versions } = await bench.namespace.commit(puts(1_000));
      assert.equal(new Set(versions).size, 1_000);
      assert.equal((await readKeys(bench.namespace)).length, 1_000);
    },

    "lands, every single one, when many come at once": async ({ namespace }) => {
      const commits = await Promise.all(puts(100).map((one) => namespace.commit([one])));
      const versions = commits.map((one) => one.versions[0]);
      const stored = await namespace.getMany(puts(100).map((one) => one.key));
      assert.deepEqual(
        stored.map((record) => record?.version),
        versions,
      );
      assert.equal((await namespace.head()).count, 100);
    },
  },
};

/** Commits the same value to all keys, round after round. */
async function writeTogether({ namespace }: Bench, keys: string[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await namespace.commit(keys.map((key) => put(key, `${round}`)));
  }
}
