import assert from "node:assert/strict";
import { isNadbError, MAX_KEY_BYTES, MAX_TAG_BYTES, type Mutation } from "@nadb/core";
import { changesNothing, refuses } from "../assertions.js";
import { MAIN } from "../bench.js";
import { put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { get, keyOf, mustGet, readKeys, readRun } from "../runs.js";

const MIB = 1024 * 1024;
const LARGEST_WRITTEN = 64 * MIB;
/** Zeros that are never touched cost no memory, so that a refusal can be tried far beyond what is written. */
const LARGEST_OFFERED = 1024 * MIB;

export const capabilities: Law = {
  name: "capabilities",
  cases: {
    "are declared in full": async ({ capabilities: declared }) => {
      for (const name of [
        "durable",
        "multiProcess",
        "snapshots",
        "transactions",
        "buffering",
      ] as const) {
        assert.equal(typeof declared[name], "boolean", name);
      }
      for (const name of ["maxKeyBytes", "maxTagBytes", "maxValueBytes"] as const) {
        assert.ok(Number.isSafeInteger(declared[name]) && declared[name] > 0, name);
      }
      assert.ok(declared.maxKeyBytes <= MAX_KEY_BYTES);
      assert.ok(declared.maxTagBytes <= MAX_TAG_BYTES);
    },

    "maxKeyBytes is where keys end": async ({ namespace, capabilities: { maxKeyBytes } }) => {
      const longest = "k".repeat(maxKeyBytes);
      await namespace.commit([put(longest, "", { tags: ["t"], expiresAt: 8_640_000_000_000_000 })]);
      await mustGet(namespace, longest);
      assert.deepEqual((await namespace.query({ all: ["t"] })).items, [longest]);
      await namespace.commit([remove(longest)]);
      await changesNothing(namespace, () =>
        refuses("NADB_INVALID_ARGUMENT", () => namespace.commit([put(`${longest}k`)])),
      );
    },

    "maxTagBytes is where tags end": async ({ namespace, capabilities: declared }) => {
      const key = "k".repeat(declared.maxKeyBytes);
      const longest = "t".repeat(declared.maxTagBytes);
      await namespace.commit([put(key, "", { tags: [longest, "t"] })]);
      assert.deepEqual((await namespace.query({ all: [longest] })).items, [key]);
      await changesNothing(namespace, () =>
        refuses("NADB_INVALID_ARGUMENT", () =>
          namespace.commit([put("a", "", { tags: [`${longest}t`] })]),
        ),
      );
    },

    "maxValueBytes is where values end": async ({ namespace, capabilities: declared }) => {
      const { maxValueBytes } = declared;
      if (maxValueBytes < LARGEST_OFFERED) {
        const value = new Uint8Array(maxValueBytes + 1);
        await changesNothing(namespace, () =>
          refuses("NADB_INVALID_ARGUMENT", () =>
            namespace.commit([{ type: "put", key: "a", value }]),
          ),
        );
      }
      if (maxValueBytes > LARGEST_WRITTEN) return;
      const value = new Uint8Array(maxValueBytes).fill(7);
      await namespace.commit([{ type: "put", key: "a", value }]);
      assert.ok(Buffer.from(value).equals((await mustGet(namespace, "a")).value));
    },

    "transactions: a commit over any keys works, or throws NADB_UNSUPPORTED": async (bench) => {
      const { namespace } = bench;
      const wide: Mutation[] = puts(200);
      if (bench.capabilities.transactions) {
        await namespace.commit(wide);
        assert.equal((await readKeys(namespace)).length, wide.length);
        return;
      }
      await changesNothing(namespace, () =>
        refuses("NADB_UNSUPPORTED", () => namespace.commit(wide)),
      );
    },

    "durable: another backend on the same storage finds everything": async (bench) => {
      if (!bench.outlivesClose) return;
      await bench.write(puts(20));
      const { checkpoint } = await bench.namespace.commit([remove("key00005")]);
      await bench.close();
      const backend = await bench.open();
      const namespace = await backend.namespace(MAIN);
      assert.equal((await namespace.head()).checkpoint, checkpoint);
      assert.equal((await readKeys(namespace)).length, 19);
    },

    "multiProcess: two backends on one storage see each other's commits at once": async (bench) => {
      if (!bench.capabilities.multiProcess) return;
      const backend = await bench.open();
      const there = await backend.namespace(MAIN);
      const here = bench.namespace;
      for (let round = 0; round < 60; round++) {
        const [writer, reader] = round % 2 === 0 ? [here, there] : [there, here];
        await (round % 3 === 0 ? readRun(reader, null) : reader.head());
        const { versions, checkpoint } = await writer.commit([put("a", `${round}`)]);
        if (round % 4 < 2) assert.equal((await readRun(reader, null)).end.checkpoint, checkpoint);
        assert.equal((await get(reader, "a"))?.version, versions[0], "a stale read");
      }
      const { checkpoint } = await here.head();
      await there.commit([put("a", "there")]);
      await there.commit([put("b", "there")]);
      assert.deepEqual((await readRun(here, checkpoint)).changes.map(keyOf), ["a", "b"]);
      assert.deepEqual(await here.head(), await there.head());
      await backend.close();
      await mustGet(here, "b");
    },

    "multiProcess: two backends that write at once lose nothing": async (bench) => {
      if (!bench.capabilities.multiProcess) return;
      const backend = await bench.open();
      const there = await backend.namespace(MAIN);
      const work = puts(60).map((one, i) => (i % 2 ? there : bench.namespace).commit([one]));
      const versions = (await Promise.all(work)).map((commit) => commit.versions[0]);
      if (bench.capabilities.transactions) assert.equal(new Set(versions).size, 60);
      assert.deepEqual(
        await readKeys(bench.namespace),
        puts(60).map((one) => one.key),
      );
      const first = await get(there, "key00000");
      const attempts = [bench.namespace, there].map((handle) =>
        handle.commit([put("key00000")], {
          expect: [{ key: "key00000", version: first?.version ?? null }],
        }),
      );
      const lost = (await Promise.allSettled(attempts)).filter((one) => one.status === "rejected");
      assert.equal(lost.length, 1, "both of two commits that exclude each other happened");
      assert.ok(lost.every((one) => isNadbError(one.reason, "NADB_CONFLICT")));
    },

    "multiProcess: a replace by one is seen by the other": async (bench) => {
      if (!bench.capabilities.multiProcess) return;
      const there = await (await bench.open()).namespace(MAIN);
      await bench.write(puts(5));
      await readKeys(there);
      const load = await bench.namespace.replace();
      await load.commit();
      assert.deepEqual(await readKeys(there), []);
      await there.commit([put("a")]);
      assert.deepEqual(await readKeys(bench.namespace), ["a"]);
    },
  },
};
