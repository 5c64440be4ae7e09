// Random histories: both sides live on between the steps, time passes differently for each, sweeps come when they like, and
// copiers die or are interrupted. After each step that succeeds the target reads as the source; at the end they are the same.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isNadbError, type Mutation } from "../../src/index.js";
import { HEIR, put, remove, World } from "./world.js";

const KEYS = ["a", "b", "c", "d", "é", "\u{1f600}"];
const key = fc.constantFrom(...KEYS);

const mutation: fc.Arbitrary<(now: number) => Mutation> = fc.oneof(
  key.map((name) => () => remove(name)),
  fc
    .record({ name: key, value: fc.string({ maxLength: 5 }), ttl: fc.option(fc.nat(40)) })
    .map(({ name, value, ttl }) => (now: number) => {
      const tags = value === "" ? [] : [value];
      return put(name, value, ttl === null ? { tags } : { tags, expiresAt: now + 1 + ttl });
    }),
);

type Act = (world: World) => Promise<void>;

const write = fc.array(mutation, { minLength: 1, maxLength: 4 }).map((drawn): Act => {
  return ({ from }) => from.write(...drawn.map((one) => one(from.clock.now())));
});

const pass = fc.record({ from: fc.nat(30), to: fc.nat(30), copier: fc.nat(30) }).map(
  ({ from, to, copier }): Act =>
    async (world) => {
      world.from.clock.advance(from);
      world.to.clock.advance(to);
      world.clock.advance(copier);
    },
);

const die = fc.record({ at: fc.integer({ min: 1, max: 40 }), after: fc.boolean() }).map(
  ({ at, after }): Act =>
    async (world) => {
      await world.copyDying(at, after ? "after" : "before", { pageBytes: 1 });
    },
);

const interrupt = fc.nat(3).map(
  (page): Act =>
    async (world) => {
      const stop = new AbortController();
      let left = page;
      const onProgress = () => {
        if (left-- === 0) stop.abort(new Error("interrupted"));
      };
      const options = { signal: stop.signal, onProgress, pageBytes: 1, ...PERMITTED };
      await world.copy(options).catch((error: unknown) => {
        if (error !== stop.signal.reason) throw error;
      });
    },
);

const PERMITTED = { holder: HEIR };

const step: Act = async (world) => {
  await world.copy(PERMITTED);
  await world.expectSameUnexpired();
};

const sweepSource: Act = async ({ from }) => void (await from.sweep());
const sweepTarget: Act = async ({ to }) => void (await to.sweep());

/** Somebody else writes at the target: the next step says so, and only force discards it. */
const intrude: Act = async (world) => {
  await world.copy(PERMITTED);
  await world.to.write(put("foreign"));
  const error = await world.copy(PERMITTED).catch((thrown: unknown) => thrown);
  expect(isNadbError(error, "NADB_CONFLICT")).toBe(true);
  await world.copy({ ...PERMITTED, force: true });
  await world.expectSame();
};

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: write },
  { weight: 3, arbitrary: pass },
  { weight: 3, arbitrary: die },
  { weight: 2, arbitrary: interrupt },
  { weight: 4, arbitrary: fc.constant(step) },
  { weight: 1, arbitrary: fc.constant(intrude) },
  { weight: 1, arbitrary: fc.constant(sweepSource) },
  { weight: 2, arbitrary: fc.constant(sweepTarget) },
);

const DAY = 86_400_000;

describe("any history of a copy", () => {
  it("ends with two stores that hold the same", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const world = new World();
        for (const one of acts) await one(world);
        await step(world);
        world.advance(DAY);
        await world.from.sweep();
        expect(await world.copy(PERMITTED)).toMatchObject({ inSync: true, expired: 0 });
        await world.expectSame();
      }),
      { numRuns: Number(process.env.NADB_COPY_RUNS || 150) },
    );
  });
});
