// A staged load that does not become content must leave no trace: aborted, refused, forgotten or raced.
import assert from "node:assert/strict";
import { isNadbError, type StagedLoad, type StorageNamespace } from "@nadb/core";
import { changesNothing, refuses } from "../assertions.js";
import { encodeAll, foreign, put, puts } from "../generate.js";
import type { Law } from "../law.js";
import { get, measure, measured, readKeys, readRun } from "../runs.js";

const KINDS = ["replace", "merge"] as const;
const OVER = ["NADB_CLOSED", "NADB_INVALID_ARGUMENT", "NADB_CONFLICT", "NADB_NOT_FOUND"] as const;

export const stagedFailures: Law = {
  name: "staged load",
  cases: {
    "that is aborted leaves everything as it was": async (bench) => {
      await bench.write(puts(5));
      for (const kind of KINDS) {
        await changesNothing(bench.namespace, async () => {
          const load = await staged(bench.namespace, kind, ["key00001", "new"]);
          await load.abort();
          await load.abort();
        });
      }
      assert.equal(await get(bench.namespace, "new"), undefined);
    },

    "that is aborted does not list the namespace": async ({ namespace, backend }) => {
      for (const kind of KINDS) await (await staged(namespace, kind, ["a"])).abort();
      for await (const id of backend.namespaces()) assert.fail(`${id.namespace} is listed`);
    },

    "takes nothing more once aborted": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      for (const kind of KINDS) {
        const load = await staged(namespace, kind, ["b"]);
        await load.abort();
        await changesNothing(namespace, async () => {
          await refuses(OVER, () => load.put(encodeAll([foreign("c")])));
          await refuses(OVER, () => load.commit());
        });
      }
    },

    "takes nothing more once committed; abort then does nothing": async ({ namespace }) => {
      for (const kind of KINDS) {
        const load = await staged(namespace, kind, [kind]);
        await load.commit();
        await changesNothing(namespace, async () => {
          await load.abort();
          await refuses(OVER, () => load.put(encodeAll([foreign("c")])));
          await refuses(OVER, () => load.commit());
        });
        assert.ok(await get(namespace, kind));
      }
    },

    "whose digest is not the expected one throws NADB_CORRUPTION and changes nothing": async (
      bench,
    ) => {
      await bench.write(puts(5));
      const expectDigest = measure([foreign("a"), foreign("c")]).digest;
      for (const kind of KINDS) {
        await changesNothing(bench.namespace, async () => {
          const load = await staged(bench.namespace, kind, ["a", "b"]);
          await refuses("NADB_CORRUPTION", () => load.commit({ expectDigest }));
          await load.abort();
        });
      }
      assert.equal(await get(bench.namespace, "a"), undefined);
    },

    "whose digest is the expected one commits": async ({ namespace }) => {
      const expectDigest = measure([foreign("a"), foreign("b")]).digest;
      for (const kind of KINDS) {
        const load = await staged(namespace, kind, ["b", "a"]);
        assert.equal((await load.commit({ expectDigest })).digest, expectDigest);
      }
    },

    "refuses bytes that are no change": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      const [whole] = encodeAll([foreign("x")]) as [Uint8Array];
      const bad = [new Uint8Array(), Uint8Array.of(9), Uint8Array.of(1, 2), whole.slice(0, 30)];
      for (const kind of KINDS) {
        await changesNothing(namespace, async () => {
          for (const bytes of bad) {
            const load = await namespace[kind]();
            await refuses(["NADB_CORRUPTION", "NADB_INVALID_ARGUMENT"], () => load.put([bytes]));
            await load.abort();
          }
        });
      }
    },

    "that is forgotten leaves everything as it was, also after close and open": async (bench) => {
      await bench.write(puts(5));
      const before = await bench.namespace.head();
      for (const kind of KINDS) await staged(bench.namespace, kind, ["key00001", "new"]);
      assert.deepEqual(await bench.namespace.head(), before);
      if (!bench.outlivesClose) return;
      await bench.reopen();
      assert.deepEqual(await bench.namespace.head(), before);
      assert.equal(await get(bench.namespace, "new"), undefined);
      const load = await staged(bench.namespace, "replace", ["fresh"]);
      assert.equal((await load.commit()).head.count, 1);
    },

    "forgotten on a namespace never written to does not list it": async (bench) => {
      await staged(bench.namespace, "replace", ["a"]);
      for await (const id of bench.backend.namespaces()) assert.fail(`${id.namespace} is listed`);
      if (!bench.outlivesClose) return;
      await bench.reopen();
      for await (const id of bench.backend.namespaces()) assert.fail(`${id.namespace} is listed`);
    },

    "of two at once wins or conflicts, and is never mixed": async ({ namespace }) => {
      for (const order of ["one after the other", "both at once"]) {
        const one = await staged(namespace, "replace", ["1a", "1b", "both"]);
        const two = await staged(namespace, "replace", ["2a", "2b", "both"]);
        if (order === "both at once") await Promise.all([one, two].map(commitOrConflict));
        else for (const load of [two, one]) await commitOrConflict(load);
        const keys = (await readKeys(namespace)).join(" ");
        assert.ok(keys === "1a 1b both" || keys === "2a 2b both", `a mix, ${order}: ${keys}`);
      }
    },

    "of writes that came during a replace keeps none": async (bench) => {
      await bench.write(puts(5));
      const load = await staged(bench.namespace, "replace", ["new"]);
      await bench.write([put("meanwhile", "1", { tags: ["t"] }), put("key00001", "changed")]);
      assert.equal((await bench.namespace.head()).count, 6);
      await load.commit();
      assert.deepEqual(await readKeys(bench.namespace), ["new"]);
      assert.equal((await bench.namespace.tags()).size, 0);
    },

    "committed under a reader leaves its run whole, or ends it": async (bench) => {
      await bench.write(puts(60));
      const load = await staged(bench.namespace, "replace", ["new1", "new2"]);
      try {
        const run = await readRun(
          bench.namespace,
          null,
          { pageBytes: 100 },
          once(() => load.commit()),
        );
        assert.deepEqual(measured(run.end), measure(puts(60).map((one) => foreign(one.key))));
      } catch (error) {
        if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
      }
    },
  },
};

async function staged(
  namespace: StorageNamespace,
  kind: (typeof KINDS)[number],
  keys: readonly string[],
): Promise<StagedLoad> {
  const load = await namespace[kind]();
  await load.put(encodeAll(keys.map((key) => foreign(key))));
  return load;
}

async function commitOrConflict(load: StagedLoad): Promise<void> {
  try {
    await load.commit();
  } catch (error) {
    if (!isNadbError(error, "NADB_CONFLICT")) throw error;
  }
}

function once(call: () => Promise<unknown>): () => Promise<void> {
  let called = false;
  return async () => {
    if (called) return;
    called = true;
    await call();
  };
}
