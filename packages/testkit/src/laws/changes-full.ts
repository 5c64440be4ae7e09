import assert from "node:assert/strict";
import { type ChangePage, EMPTY_DIGEST } from "@nadb/core";
import { drawMutations, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import {
  assertEndsTrue,
  getMany,
  keyOf,
  measured,
  mustGet,
  readKeys,
  readRun,
  readState,
  type State,
} from "../runs.js";

export const changesFull: Law = {
  name: "changes from null",
  cases: {
    "are the whole content, and end at the head": async (bench) => {
      const { namespace, random, clock } = bench;
      for (let i = 0; i < 30; i++) await bench.write(drawMutations(random, clock.now(), 5));
      const run = await readRun(namespace, null);
      assert.deepEqual(run.end, await namespace.head());
      const state: State = new Map();
      assertEndsTrue(run, state);
      const keys = await readKeys(namespace);
      assert.deepEqual(new Set(keys), new Set(state.keys()));
      assert.deepEqual(
        await getMany(namespace, keys),
        keys.map((key) => state.get(key)),
      );
    },

    "hold every field of a record": async ({ namespace, clock }) => {
      const expiresAt = clock.now() + 60_000;
      await namespace.commit([put("a", "1")]);
      clock.advance(77);
      await namespace.commit([put("a", "2", { tags: ["é", "t"], expiresAt })]);
      assert.deepEqual((await readState(namespace)).get("a"), await mustGet(namespace, "a"));
    },

    "of an empty namespace are one page: its end": async ({ namespace }) => {
      const run = await readRun(namespace, null);
      assert.equal(run.pages.length, 1);
      assert.deepEqual(run.changes, []);
      assert.deepEqual(run.end, await namespace.head());
      assert.deepEqual(measured(run.end), { count: 0, bytes: 0, digest: EMPTY_DIGEST });
    },

    "name each key once (if snapshots)": async (bench) => {
      if (!bench.capabilities.snapshots) return;
      for (let i = 0; i < 10; i++) await bench.write(puts(10));
      await bench.write([remove("key00003"), remove("key00004"), put("key00004")]);
      const keys = (await readRun(bench.namespace, null)).changes.map(keyOf);
      assert.equal(new Set(keys).size, keys.length, "a key stands in the run twice");
    },

    "come in pages, each closed once it holds pageBytes": async (bench) => {
      const values = Array.from({ length: 80 }, (_, i) => new Uint8Array((i * 37) % 300));
      await bench.write(values.map((value, i) => ({ type: "put", key: `k${i}`, value })));
      for (const pageBytes of [1, 50, 500, 5_000]) {
        const run = await readRun(bench.namespace, null, { pageBytes });
        for (const page of run.pages) assertClosedInTime(page, pageBytes);
        assert.equal(run.changes.length, 80);
        assertEndsTrue(run);
      }
    },

    "come in pages of 1 MiB when no size is given": async (bench) => {
      const value = new Uint8Array(300_000);
      const large = puts(12).map((one) => ({ ...one, value }));
      for (const one of large) await bench.namespace.commit([one]);
      const run = await readRun(bench.namespace, null);
      assert.ok(run.pages.length >= 3, `3.6 MB in ${run.pages.length} pages`);
      for (const page of run.pages) assertClosedInTime(page, 1024 * 1024);
    },

    "can be read by several at once": async (bench) => {
      await bench.write(puts(40));
      const runs = [100, 200, 300].map((pageBytes) =>
        readRun(bench.namespace, null, { pageBytes }),
      );
      const [first, ...others] = await Promise.all(runs);
      for (const other of others) assert.deepEqual(other.changes, first?.changes);
    },
  },
};

function assertClosedInTime({ changes }: ChangePage, pageBytes: number): void {
  const allButLast = changes.slice(0, -1).reduce((sum, change) => sum + change.length, 0);
  assert.ok(allButLast < pageBytes, `a page was full with ${allButLast} bytes, yet it went on`);
}
