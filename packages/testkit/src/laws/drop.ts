import assert from "node:assert/strict";
import { EMPTY_DIGEST, isNadbError } from "@nadb/core";
import { refuses } from "../assertions.js";
import { MAIN } from "../bench.js";
import { put, puts } from "../generate.js";
import type { Law } from "../law.js";
import { applyRun, mustGet, readKeys, readRun, readState } from "../runs.js";

export const drop: Law = {
  name: "drop",
  cases: {
    "removes the content and the name": async ({ backend, namespace }) => {
      await namespace.commit([put("a", "1", { tags: ["t"] })]);
      await backend.drop(MAIN);
      for await (const id of backend.namespaces()) assert.fail(`${id.namespace} is still listed`);
      for (const handle of [namespace, await backend.namespace(MAIN)]) {
        const { count, bytes, digest } = await handle.head();
        assert.deepEqual({ count, bytes, digest }, { count: 0, bytes: 0, digest: EMPTY_DIGEST });
        assert.deepEqual(await readKeys(handle), []);
        assert.equal((await handle.tags()).size, 0);
      }
    },

    "of a missing namespace is no error": async ({ backend }) => {
      await backend.drop({ db: "no", namespace: "such" });
      await backend.drop({ db: "no", namespace: "such" });
    },

    "leaves other namespaces alone, also where their names are alike": async (bench) => {
      const neighbours = ["main.1", "mai", "main-", "Main", "main0"];
      for (const name of neighbours) await (await bench.other(name)).commit([put("a")]);
      const otherDb = await bench.other(MAIN.namespace, "conformance2");
      await otherDb.commit([put("a")]);
      await bench.namespace.commit([put("a")]);
      await bench.backend.drop(MAIN);
      for (const name of neighbours) await mustGet(await bench.other(name), "a");
      await mustGet(otherDb, "a");
    },

    "lets the name be used again, with nothing of the old content": async (bench) => {
      await bench.write(puts(30));
      await bench.backend.drop(MAIN);
      const namespace = await bench.other(MAIN.namespace);
      await namespace.commit([put("new")]);
      assert.deepEqual(await readKeys(namespace), ["new"]);
      assert.equal((await readRun(namespace, null)).changes.length, 1);
    },

    "under a reader leaves its run whole, or ends it": async (bench) => {
      await bench.write(puts(60));
      const before = await readState(bench.namespace);
      try {
        const run = await readRun(bench.namespace, null, { pageBytes: 100 }, () =>
          bench.backend.drop(MAIN),
        );
        assert.deepEqual(applyRun(new Map(), run), before);
      } catch (error) {
        if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
      }
    },

    "makes old checkpoints expire": async (bench) => {
      const { checkpoint } = await bench.namespace.commit([put("a")]);
      await bench.backend.drop(MAIN);
      const namespace = await bench.other(MAIN.namespace);
      for (const key of ["b", "c", "d"]) await namespace.commit([put(key)]);
      await refuses("NADB_CHECKPOINT_EXPIRED", () => readRun(namespace, checkpoint));
    },
  },
};
