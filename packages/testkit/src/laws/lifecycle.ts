import assert from "node:assert/strict";
import { CONTRACT, type NamespaceId } from "@nadb/core";
import { turn } from "../alongside.js";
import { refuses } from "../assertions.js";
import { MAIN } from "../bench.js";
import { put, puts } from "../generate.js";
import type { Law } from "../law.js";
import { get, mustGet, readKeys, readRun } from "../runs.js";
import { calls } from "./calls.js";

export const lifecycle: Law = {
  name: "lifecycle",
  cases: {
    "says which contract it keeps, and its name": async ({ backend }) => {
      assert.equal(backend.contract, CONTRACT);
      assert.match(backend.name, /\S/);
    },

    "open is idempotent": async ({ backend, namespace }) => {
      await namespace.commit([put("a")]);
      await backend.open();
      await Promise.all([backend.open(), backend.open()]);
      await mustGet(namespace, "a");
    },

    "close is idempotent": async (bench) => {
      const { backend } = bench;
      await Promise.all([bench.close(), backend.close()]);
      await backend.close();
    },

    "after close every call throws NADB_CLOSED": async (bench) => {
      const { backend, namespace } = bench;
      const { checkpoint } = await namespace.commit([put("a")]);
      await bench.close();
      for (const [name, call] of calls({ backend, namespace, checkpoint })) {
        await refuses("NADB_CLOSED", call).catch((cause) => {
          throw new Error(`${name} after close: ${String(cause)}`, { cause });
        });
      }
    },

    "after close a staged load throws NADB_CLOSED": async (bench) => {
      const load = await bench.namespace.replace();
      await bench.close();
      await refuses("NADB_CLOSED", () => load.put([]));
      await refuses("NADB_CLOSED", () => load.commit());
    },

    "close waits for work in flight": async (bench) => {
      const { namespace } = bench;
      const work = puts(20).map((one) => namespace.commit([one]));
      let settled = 0;
      for (const one of work) one.finally(() => settled++).catch(() => {});
      await bench.close();
      await turn();
      assert.equal(settled, work.length, "close resolved before the commits");
      await Promise.all(work);
    },

    "close does not wait for a reader that pauses; the reader's next page throws NADB_CLOSED":
      async (bench) => {
        await bench.write(puts(50));
        const pages = bench.namespace.changes(null, { pageBytes: 100 })[Symbol.asyncIterator]();
        await pages.next();
        await bench.close();
        await refuses("NADB_CLOSED", () => pages.next());
      },

    "content, head and feed survive close and open (if durable)": async (bench) => {
      if (!bench.outlivesClose) return;
      const { checkpoint } = await bench.write(puts(20));
      await bench.namespace.commit([put("late"), { type: "delete", key: "key00003" }]);
      const before = { head: await bench.namespace.head(), keys: await readKeys(bench.namespace) };
      await bench.reopen();
      assert.deepEqual(await bench.namespace.head(), before.head);
      assert.deepEqual(await readKeys(bench.namespace), before.keys);
      const run = await readRun(bench.namespace, checkpoint);
      assert.equal(run.changes.length, 2);
    },

    "namespaces() lists what has been written to, and nothing else": async (bench) => {
      assert.deepEqual(await listed(bench), []);
      const written = [
        MAIN,
        { db: "conformance", namespace: "B.2" },
        { db: "a", namespace: "main" },
      ];
      for (const id of written) await (await bench.backend.namespace(id)).commit([put("a")]);
      const untouched = await bench.other("only-read");
      await untouched.head();
      await get(untouched, "a");
      assert.deepEqual(await listed(bench), written.map(nameOf).sort());
    },

    "two handles on a namespace are the same namespace": async (bench) => {
      const again = await bench.other(MAIN.namespace);
      assert.deepEqual(again.id, MAIN);
      await bench.namespace.commit([put("a")]);
      await mustGet(again, "a");
      assert.deepEqual(await again.head(), await bench.namespace.head());
    },

    "namespaces are apart, also where their names are alike": async (bench) => {
      const ids = [
        ["a", "b.c"],
        ["a.b", "c"],
        ["a", "b-c"],
        ["a-b", "c"],
        ["a", "B.C"],
        ["a", "b"],
      ];
      for (const [db, namespace] of ids as [string, string][]) {
        const handle = await bench.other(namespace, db);
        assert.equal(await get(handle, "key"), undefined, `${db}/${namespace} is not empty`);
        await handle.commit([put("key", `${db}/${namespace}`)]);
      }
      for (const [db, namespace] of ids as [string, string][]) {
        const { value } = await mustGet(await bench.other(namespace, db), "key");
        assert.equal(Buffer.from(value).toString(), `${db}/${namespace}`);
      }
    },
  },
};

const nameOf = (id: NamespaceId): string => `${id.db}/${id.namespace}`;

async function listed({ backend }: { backend: { namespaces(): AsyncIterable<NamespaceId> } }) {
  const names: string[] = [];
  for await (const id of backend.namespaces()) names.push(nameOf(id));
  return names.sort();
}
