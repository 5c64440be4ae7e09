// Steps that concern the content as a whole: time, sweeps, trims, loads, flushes, closing and opening.
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeAll } from "../generate.js";
import { measure } from "../runs.js";
import { entry, foreignOf, limit } from "./draws.js";
import { steps } from "./step.js";

const nothing = fc.constant(undefined);

export const wait = steps("wait", fc.integer({ min: 1, max: 40 }), async ({ bench }, ms) =>
  bench.clock.advance(ms),
);

export const cleanupExpired = steps("cleanupExpired", nothing, async ({ store }) => {
  await store.cleanupExpired();
  assert.equal(await store.cleanupExpired(), 0, "expired records after cleanupExpired");
});

export const sweep = steps("sweep", limit, async ({ store, now }, atMost) => {
  const swept = await store.storage.sweep(now, atMost);
  assert.ok(swept <= atMost, `a sweep of ${swept}`);
});

export const trim = steps("trim", nothing, async ({ store }) => {
  const { checkpoint } = await store.storage.head();
  await store.storage.trim(checkpoint);
});

export const clear = steps("clear", nothing, async ({ store, oracle }) => {
  await store.clear();
  oracle.clear();
});

const drawnLoad = fc.record({
  kind: fc.constantFrom("replace" as const, "merge" as const),
  ends: fc.constantFrom("commit" as const, "commit" as const, "abort" as const),
  records: fc.array(entry, { maxLength: 8 }),
});

/** In two parts; of a key that stands in both, the later counts. */
export const load = steps("load", drawnLoad, async ({ store, oracle, now }, drawn) => {
  const records = drawn.records.map((one) => foreignOf(one, now));
  const staged = await store.storage[drawn.kind]();
  await staged.put(encodeAll(records.slice(0, 3)));
  await staged.put(encodeAll(records.slice(3)));
  if (drawn.ends === "abort") return staged.abort();
  const last = new Map(records.map((record) => [record.key, record]));
  const { digest, count } = measure(last.values());
  const loaded = await staged.commit({ expectDigest: digest });
  assert.equal(loaded.count, count, "records loaded");
  if (drawn.kind === "replace") oracle.clear();
  oracle.load(records);
});

export const reopen = steps("reopen", nothing, (world) => world.reopen());

export const flush = steps("flush", nothing, async ({ store, sync }) => {
  await store.flush();
  const [status] = sync?.status().stores ?? [];
  assert.equal(status?.records ?? 0, 0, "buffered records after a flush");
});

/** A round of the sync, which flushes and sweeps. */
export const tick = steps("tick", nothing, async ({ sync }) => {
  await sync?.tick();
  const [status] = sync?.status().stores ?? [];
  assert.equal(status?.lastError, undefined, "the last error of a round");
});
