import assert from "node:assert/strict";
import { aborts, changesNothing } from "../assertions.js";
import { encodeAll, foreign, put, puts } from "../generate.js";
import type { Law } from "../law.js";
import { get, readRun } from "../runs.js";
import { abortableCalls } from "./calls.js";

export const abort: Law = {
  name: "signal",
  cases: {
    "that is aborted stops every call before it does anything": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      const signal = AbortSignal.abort(new Error("the caller has gone"));
      for (const [name, call] of abortableCalls(namespace, signal)) {
        await changesNothing(namespace, () => aborts(signal, call)).catch((cause) => {
          throw new Error(`${name} with an aborted signal: ${String(cause)}`, { cause });
        });
      }
    },

    "that is not aborted does no harm": async ({ namespace }) => {
      const { signal } = new AbortController();
      for (const [, call] of abortableCalls(namespace, signal)) await call();
      const load = await namespace.merge();
      await load.put(encodeAll([foreign("c")]), { signal });
      await load.commit({ signal });
      assert.equal((await namespace.head()).count, 2);
    },

    "stops a run between two pages": async (bench) => {
      await bench.write(puts(60));
      const controller = new AbortController();
      const { signal } = controller;
      await aborts(signal, () =>
        readRun(bench.namespace, null, { pageBytes: 100, signal }, () => controller.abort()),
      );
      await bench.namespace.commit([put("goes on")]);
    },

    "stops a staged load, which can then be aborted": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      const signal = AbortSignal.abort(new Error("the caller has gone"));
      await changesNothing(namespace, async () => {
        const load = await namespace.replace();
        await load.put(encodeAll([foreign("b")]));
        await aborts(signal, () => load.put(encodeAll([foreign("c")]), { signal }));
        await aborts(signal, () => load.commit({ signal }));
        await load.abort();
      });
      assert.equal(await get(namespace, "b"), undefined);
    },

    "or not, a run left early releases what it held": async (bench) => {
      await bench.write(puts(60));
      for (let i = 0; i < 200; i++) {
        for await (const page of bench.namespace.changes(null, { pageBytes: 100 })) {
          assert.ok(page.changes.length > 0);
          break;
        }
      }
      await bench.namespace.commit([put("goes on")]);
      await bench.close();
    },

    "or not, a run that was asked for but never read holds nothing": async (bench) => {
      await bench.write(puts(10));
      for (let i = 0; i < 200; i++) bench.namespace.changes(null);
      await bench.namespace.commit([put("goes on")]);
      await bench.close();
    },
  },
};
