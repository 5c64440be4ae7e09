// Steps that write records: alone, together, on a condition, at once, and what is refused.
import assert from "node:assert/strict";
import { isNadbError, type Mutation, type SetEntry } from "@nadb/core";
import fc from "fast-check";
import { refuses } from "../assertions.js";
import { remove } from "../generate.js";
import { type DrawnEntry, entry, key, livesMs, optionsOf, putOf } from "./draws.js";
import { steps } from "./step.js";
import type { World } from "./world.js";

export const set = steps("set", entry, async (world, drawn) => {
  world.wrote(drawn.key, await world.store.set(drawn.key, drawn.text, optionsOf(drawn, world.now)));
  world.apply([putOf(drawn, world.now)]);
});

export const setMany = steps("setMany", fc.array(entry, { maxLength: 5 }), async (world, drawn) => {
  for (const some of world.commitsOf(drawn)) {
    await world.store.setMany(some.map((one) => entryOf(one, world.now)));
    world.apply(some.map((one) => putOf(one, world.now)));
  }
});

const entryOf = (drawn: DrawnEntry, now: number): SetEntry => ({
  ...optionsOf(drawn, now),
  key: drawn.key,
  value: drawn.text,
});

export const deleteOne = steps("delete", key, async (world, drawn) => {
  assert.equal(await world.store.delete(drawn), world.get(drawn) !== undefined, "delete");
  world.apply([remove(drawn)]);
});

const someKeys = fc.array(key, { maxLength: 5 });

export const deleteMany = steps("deleteMany", someKeys, async (world, drawn) => {
  const there = new Set(drawn.filter((one) => world.get(one) !== undefined));
  let deleted = 0;
  for (const some of world.commitsOf(drawn)) deleted += await world.store.deleteMany(some);
  assert.equal(deleted, there.size, "deleteMany");
  world.apply(drawn.map(remove));
});

export const setIfAbsent = steps("setIfAbsent", entry, async (world, drawn) => {
  const options = { ...optionsOf(drawn, world.now), ifAbsent: true };
  const call = () => world.store.set(drawn.key, drawn.text, options);
  if (world.get(drawn.key) !== undefined) return refuses("NADB_CONFLICT", call);
  world.committed(drawn.key, await call());
  world.apply([putOf(drawn, world.now)]);
});

const conditional = fc.record({
  entry,
  offBy: fc.constantFrom(0, 0, 1, -1),
  deletes: fc.boolean(),
});

export const ifVersion = steps("ifVersion", conditional, async (world, drawn) => {
  const { store } = world;
  const { key } = drawn.entry;
  await store.flush(); // what is buffered has no version yet
  const found = await store.getWithMetadata(key);
  const condition = { ifVersion: Math.max(0, (found?.version ?? 1) + drawn.offBy) };
  const options = { ...optionsOf(drawn.entry, world.now), ...condition };
  const call = () =>
    drawn.deletes ? store.delete(key, condition) : store.set(key, drawn.entry.text, options);
  if (found?.version !== condition.ifVersion) return refuses("NADB_CONFLICT", call);
  const answer = await call();
  if (typeof answer === "boolean") assert.equal(answer, true, "delete");
  else world.committed(key, answer);
  world.apply([drawn.deletes ? remove(key) : putOf(drawn.entry, world.now)]);
});

export const touch = steps("touch", fc.record({ key, ttlMs: livesMs }), async (world, drawn) => {
  const { key, ttlMs } = drawn;
  await expectExpiry(world, key, world.now + ttlMs, () =>
    world.store.touch(key, { ttlSeconds: ttlMs / 1_000 }),
  );
});

export const persist = steps("persist", key, (world, drawn) =>
  expectExpiry(world, drawn, undefined, () => world.store.persist(drawn)),
);

async function expectExpiry(
  world: World,
  key: string,
  expiresAt: number | undefined,
  call: () => Promise<boolean>,
): Promise<void> {
  const before = world.get(key);
  assert.equal(await call(), before !== undefined, "touch or persist");
  if (before === undefined || before.expiresAt === expiresAt) return;
  const { value, tags } = before;
  const put = { type: "put" as const, key, value, tags };
  world.apply([expiresAt === undefined ? put : { ...put, expiresAt }]);
}

type DrawnWrite =
  | { readonly does: "set" | "setIfAbsent"; readonly entry: DrawnEntry }
  | { readonly does: "delete"; readonly key: string };

const write: fc.Arbitrary<DrawnWrite> = fc.oneof(
  fc.record({ does: fc.constantFrom("set" as const, "setIfAbsent" as const), entry }),
  fc.record({ does: fc.constant("delete" as const), key }),
);

/** All are called before any is awaited, and take effect in the order of the calls. */
export const atOnce = steps("atOnce", fc.array(write, { maxLength: 6 }), async (world, drawn) => {
  const outcomes = drawn.map((one) => outcome(callOf(world, one)));
  const expected = drawn.map((one) => expectWrite(world, one));
  const answers = await Promise.all(outcomes);
  assert.deepEqual(
    answers.map((answer) => (typeof answer === "number" ? "version" : answer)),
    expected,
    "what writes at once answer",
  );
  answers.forEach((answer, i) => {
    if (typeof answer === "number") world.committed(keyOf(drawn[i] as DrawnWrite), answer);
  });
});

const keyOf = (drawn: DrawnWrite): string =>
  drawn.does === "delete" ? drawn.key : drawn.entry.key;

function callOf({ store, now }: World, drawn: DrawnWrite): Promise<unknown> {
  if (drawn.does === "delete") return store.delete(drawn.key);
  const { key, text } = drawn.entry;
  const condition = drawn.does === "set" ? {} : { ifAbsent: true };
  return store.set(key, text, { ...optionsOf(drawn.entry, now), ...condition });
}

/** Does it to the oracle; answers what the store must: a version, none, whether it was there, a conflict. */
function expectWrite(world: World, drawn: DrawnWrite): unknown {
  const key = keyOf(drawn);
  const isThere = world.get(key) !== undefined;
  if (drawn.does === "setIfAbsent" && isThere) return "NADB_CONFLICT";
  const mutation: Mutation = drawn.does === "delete" ? remove(key) : putOf(drawn.entry, world.now);
  world.apply([mutation]);
  if (drawn.does === "delete") return isThere;
  return drawn.does === "set" && world.isBuffered ? undefined : "version";
}

const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => {
    if (isNadbError(error)) return error.code;
    throw error;
  });

export const refused = steps("refused", entry, ({ store, now }, drawn) =>
  refuses("NADB_INVALID_ARGUMENT", () =>
    store.setMany([entryOf(drawn, now), { key: "", value: "no key" }]),
  ),
);
