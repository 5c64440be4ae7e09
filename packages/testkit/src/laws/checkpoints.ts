import assert from "node:assert/strict";
import { type Checkpoint, isNadbError, type StorageNamespace } from "@nadb/core";
import { refuses } from "../assertions.js";
import { encodeAll, foreign, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { assertEndsTrue, readRun } from "../runs.js";

const REFUSED = "NADB_CHECKPOINT_EXPIRED";

export const checkpoints: Law = {
  name: "checkpoint",
  cases: {
    "of a replaced content is refused": async ({ namespace }) => {
      const { checkpoint } = await namespace.commit([put("a")]);
      await replaceWith(namespace, ["a"]);
      await refuses("NADB_CHECKPOINT_EXPIRED", () => readRun(namespace, checkpoint));
    },

    "that this backend never made is refused": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      await refuses(REFUSED, () => readRun(namespace, "of another backend"));
      await refuses(REFUSED, () => readRun(namespace, ""));
    },

    "of a replaced content stays refused, however much is written": async (bench) => {
      const { checkpoint } = await bench.namespace.commit([put("a")]);
      await replaceWith(bench.namespace, []);
      for (let i = 0; i < 5; i++) {
        await bench.write(puts(5));
        await refuses("NADB_CHECKPOINT_EXPIRED", () => readRun(bench.namespace, checkpoint));
      }
      await replaceWith(bench.namespace, ["b"]);
      await refuses("NADB_CHECKPOINT_EXPIRED", () => readRun(bench.namespace, checkpoint));
    },

    "of before the first write is refused after a replace, or serves all there is": async (
      bench,
    ) => {
      const { checkpoint } = await bench.namespace.head();
      await bench.namespace.commit([put("a")]);
      await replaceWith(bench.namespace, ["b"]);
      try {
        assertEndsTrue(await readRun(bench.namespace, checkpoint));
      } catch (error) {
        if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
      }
    },

    "that nobody made is refused": async (bench) => {
      await bench.write(puts(5));
      const { checkpoint } = await bench.namespace.head();
      const garbage: Checkpoint[] = [
        ...["", "0", "-1", "garbage", "null", "{}", "\0", "é", "NaN", "1:1", "x".repeat(10_000)],
        ...[`${checkpoint}x`, `x${checkpoint}`, checkpoint.slice(0, -1), checkpoint.slice(1)],
      ];
      for (const one of garbage) {
        await refuses(REFUSED, () => readRun(bench.namespace, one)).catch((cause) => {
          throw new Error(`checkpoint ${JSON.stringify(one.slice(0, 40))}: ${String(cause)}`, {
            cause,
          });
        });
      }
    },

    "of another namespace is refused": async (bench) => {
      const other = await bench.other("other");
      for (const key of ["a", "b", "c"]) await other.commit([put(key)]);
      await bench.namespace.commit([put("a")]);
      const { checkpoint } = await other.head();
      await refuses(REFUSED, () => readRun(bench.namespace, checkpoint));
    },

    "is refused without a page": async ({ namespace }) => {
      const { checkpoint } = await namespace.commit([put("a")]);
      await replaceWith(namespace, ["a"]);
      const pages = namespace.changes(checkpoint)[Symbol.asyncIterator]();
      await refuses("NADB_CHECKPOINT_EXPIRED", () => pages.next());
    },

    "is the same string for the same cut": async (bench) => {
      await bench.write(puts(3));
      await bench.namespace.commit([remove("key00001")]);
      const { checkpoint } = await bench.namespace.head();
      assert.equal((await readRun(bench.namespace, null)).end.checkpoint, checkpoint);
      assert.equal((await readRun(bench.namespace, checkpoint)).end.checkpoint, checkpoint);
      assert.equal((await bench.namespace.head()).checkpoint, checkpoint);
    },
  },
};

async function replaceWith(namespace: StorageNamespace, keys: readonly string[]): Promise<void> {
  const load = await namespace.replace();
  await load.put(encodeAll(keys.map((key) => foreign(key))));
  await load.commit();
}
