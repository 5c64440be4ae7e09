import assert from "node:assert/strict";
import type { StoredRecord } from "@nadb/core";
import { whileRunning } from "../alongside.js";
import { changesNothing, refuses } from "../assertions.js";
import { MAIN } from "../bench.js";
import { drawForeignRecord, encodeAll, foreign, put, puts, tombstone } from "../generate.js";
import type { Law } from "../law.js";
import { Model } from "../model.js";
import { byUtf8, get, measure, mustGet, readKeys, readRun } from "../runs.js";

export const replace: Law = {
  name: "replace",
  cases: {
    "is invisible until its commit, then visible at once": async (bench) => {
      const { namespace } = bench;
      await bench.write([put("a", "old", { tags: ["old"] }), put("b")]);
      const load = await namespace.replace();
      await changesNothing(namespace, async () => {
        await load.put(encodeAll([foreign("a", "new", { tags: ["new"] })]));
        await load.put(encodeAll([foreign("c", "new")]));
        assert.deepEqual(await readKeys(namespace), ["a", "b"]);
        assert.deepEqual((await namespace.query({ any: ["new"] })).items, []);
      });
      await load.commit();
      assert.deepEqual(await readKeys(namespace), ["a", "c"]);
      assert.deepEqual([...(await namespace.tags())], [["new", 1]]);
      assert.deepEqual(await readKeys(await bench.other(MAIN.namespace)), ["a", "c"]);
    },

    "is never seen in part": async (bench) => {
      const { namespace } = bench;
      await bench.write(puts(30, "old"));
      const load = await namespace.replace();
      await load.put(encodeAll(puts(50, "new").map(({ key }) => foreign(key))));
      await whileRunning(load.commit(), async () => {
        const { count } = await namespace.head();
        assert.ok(count === 30 || count === 50, `${count} records of a replace in progress`);
      });
    },

    "keeps times, tags and expiry exactly as they are": async ({ namespace, random, clock }) => {
      const drawn = Array.from({ length: 80 }, () => drawForeignRecord(random, clock.now()));
      const load = await namespace.replace();
      for (let i = 0; i < drawn.length; i += 9) await load.put(encodeAll(drawn.slice(i, i + 9)));
      await load.commit();
      const model = new Model();
      model.load(drawn);
      await model.assertHolds(namespace, clock.now());
      clock.advance(2_500);
      await model.assertHolds(namespace, clock.now());
      await namespace.sweep(clock.now(), 1_000);
      assert.equal((await namespace.head()).count, model.readable(clock.now()).length);
    },

    "answers the true count, digest and head": async ({ namespace }) => {
      const records = [foreign("a", "1"), foreign("b", "22", { tags: ["t"] }), foreign("c", "")];
      const load = await namespace.replace();
      await load.put(encodeAll([foreign("a", "superseded"), ...records.slice(1)]));
      await load.put(encodeAll(records.slice(0, 1)));
      const loaded = await load.commit();
      const { count, digest } = measure(records);
      assert.deepEqual([loaded.count, loaded.digest], [count, digest]);
      assert.deepEqual(loaded.head, await namespace.head());
      assert.equal(loaded.head.digest, digest);
    },

    "with a tombstone removes what was staged before it": async ({ namespace }) => {
      const load = await namespace.replace();
      await load.put([...encodeAll([foreign("a"), foreign("b")]), tombstone("a"), tombstone("no")]);
      await load.put([tombstone("b"), ...encodeAll([foreign("b", "again")])]);
      const { count, digest } = await load.commit();
      assert.deepEqual([count, digest], [1, measure([foreign("b", "again")]).digest]);
      assert.deepEqual(await readKeys(namespace), ["b"]);
    },

    "of nothing empties the namespace": async (bench) => {
      await bench.write(puts(10));
      const load = await bench.namespace.replace();
      const { count, head } = await load.commit();
      assert.deepEqual([count, head.count, head.bytes, head.digest], [0, 0, 0, measure([]).digest]);
      assert.deepEqual(await readKeys(bench.namespace), []);
    },

    "fills a namespace that was never written to": async ({ namespace, backend }) => {
      const load = await namespace.replace();
      await load.put(encodeAll([foreign("a")]));
      for await (const id of backend.namespaces())
        assert.fail(`${id.namespace} is listed too early`);
      await load.commit();
      const names: string[] = [];
      for await (const id of backend.namespaces()) names.push(id.namespace);
      assert.deepEqual(names, [MAIN.namespace]);
    },

    "takes thousands of records in any order": async (bench) => {
      const { namespace, random } = bench;
      const records = random.shuffle(puts(4_000).map(({ key }, i) => foreign(key, `${i}`)));
      const load = await namespace.replace();
      for (let i = 0; i < records.length; i += 333) {
        await load.put(encodeAll(records.slice(i, i + 333)));
      }
      const loaded = await load.commit({ expectDigest: measure(records).digest });
      assert.equal(loaded.count, 4_000);
      assert.deepEqual(await readKeys(namespace), keysOf(records));
    },

    "makes a new generation, in which a run and the next writes go on": async (bench) => {
      const { checkpoint } = await bench.write(puts(3));
      const load = await bench.namespace.replace();
      await load.put(encodeAll([foreign("x")]));
      const { head } = await load.commit();
      await refuses("NADB_CHECKPOINT_EXPIRED", () => readRun(bench.namespace, checkpoint));
      await bench.namespace.commit([put("y")]);
      assert.equal((await readRun(bench.namespace, head.checkpoint)).changes.length, 1);
    },

    "keeps the createdAt it brings through later overwrites": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      const load = await namespace.replace();
      await load.put(encodeAll([foreign("a", "1", { createdAt: 5, updatedAt: 6 })]));
      await load.commit();
      await namespace.commit([put("a", "2")]);
      assert.equal((await mustGet(namespace, "a")).createdAt, 5);
      assert.deepEqual((await mustGet(namespace, "a")).value, put("a", "2").value);
    },

    "neither changes the bytes handed in nor needs them afterwards": async ({ namespace }) => {
      const records = [foreign("a", "first"), foreign("b", "second")];
      const changes = encodeAll(records).map((change) => Buffer.from(change));
      const load = await namespace.replace();
      await load.put(changes);
      assert.deepEqual(
        changes.map((change) => new Uint8Array(change)),
        encodeAll(records),
      );
      for (const change of changes) change.fill(0xff);
      const { digest } = await load.commit();
      assert.equal(digest, measure(records).digest);
    },

    "survives close and open once committed (if durable)": async (bench) => {
      if (!bench.outlivesClose) return;
      const load = await bench.namespace.replace();
      await load.put(encodeAll([foreign("a")]));
      const { head } = await load.commit();
      await bench.reopen();
      assert.deepEqual(await bench.namespace.head(), head);
      assert.equal((await get(bench.namespace, "a"))?.createdAt, foreign("a").createdAt);
    },
  },
};

const keysOf = (records: readonly StoredRecord[]): string[] =>
  records.map(({ key }) => key).sort(byUtf8);
