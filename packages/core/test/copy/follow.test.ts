// Following: events, pauses, failures that pass and failures that last, and the end when both hold the same.
import { describe, expect, it } from "vitest";
import { Copier } from "../../src/copy/copier.js";
import { follow as followCrew } from "../../src/copy/follow.js";
import {
  COPIES_NAMESPACE,
  type CopyEvent,
  copyNamespace,
  followCopy,
  followCopyAll,
  NadbError,
  type StorageNamespace,
} from "../../src/index.js";
import { ID, interrupted, override, put, remove, World } from "./world.js";

const EVERY = 5;

/** Runs the acts one by one, each in a pause; stops when there is none left. */
class Script {
  readonly stop = new AbortController();
  readonly pauses: number[] = [];

  constructor(
    readonly world: World,
    readonly acts: (() => Promise<unknown>)[],
  ) {}

  readonly wait = async (ms: number): Promise<void> => {
    this.pauses.push(ms);
    this.world.advance(ms);
    const act = this.acts.shift();
    if (act === undefined) this.stop.abort();
    await act?.();
  };
}

async function follow(
  world: World,
  acts: (() => Promise<unknown>)[],
  more: Partial<Parameters<typeof followCopy>[2]> = {},
  sides: { from?: StorageNamespace; to?: StorageNamespace } = {},
): Promise<{ events: CopyEvent[]; script: Script }> {
  const script = new Script(world, acts);
  const { wait } = script;
  const { from = await world.from.namespace(), to = await world.to.namespace() } = sides;
  const options = { ...(await world.options()), everySeconds: EVERY, wait, ...more };
  const events: CopyEvent[] = [];
  for await (const event of followCopy(from, to, { ...options, signal: script.stop.signal }))
    events.push(event);
  return { events, script };
}

const steps = (events: readonly CopyEvent[]): string[] =>
  events.map((event) => (event.type === "step" ? event.step : event.type));

describe("a follower", () => {
  it("brings what has changed, pauses in between, and ends with its signal", async () => {
    const world = new World();
    await world.from.write(put("a"));
    const acts = [
      () => world.from.write(put("b"), remove("a")),
      async () => undefined,
      () => world.from.write(put("c")),
    ];
    const { events, script } = await follow(world, acts);
    expect(steps(events)).toEqual(["full", "changes", "nothing", "changes"]);
    expect(events[1]).toMatchObject({ copied: 1, deleted: 1, inSync: true, lagVersions: 0 });
    expect(script.pauses).toEqual([5_000, 5_000, 5_000, 5_000]);
    await world.expectSame();
    expect(await world.copy({ source: "one" })).toMatchObject({ step: "nothing" }); // the lease is released
  });

  it("keeps its lease through a long pause", async () => {
    const world = new World();
    const codes: unknown[] = [];
    const intrude = () => world.copy().catch(({ code }) => codes.push(code));
    const acts = Array.from({ length: 8 }, () => intrude);
    await follow(world, acts, { everySeconds: 120 });
    expect(codes).toEqual(Array(8).fill("NADB_LOCKED"));
  });

  it.each(["from", "to"] as const)("survives failures of %s, with longer pauses", async (side) => {
    const world = new World();
    await world.from.write(put("a"));
    let failures = 3;
    const inner = await world[side].namespace();
    const failing = override(inner, {
      head: () => {
        if (failures-- > 0) throw new NadbError("NADB_IO", "the disk is away");
        return inner.head();
      },
    });
    const acts = Array.from({ length: 4 }, () => async () => undefined);
    const { events, script } = await follow(world, acts, {}, { [side]: failing });
    expect(steps(events).slice(0, 4)).toEqual(["retry", "retry", "retry", "full"]);
    expect(script.pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 5_000]);
    await world.expectSame();
  });

  it("goes on when the target has lost how far it is", async () => {
    const world = new World();
    await world.from.write(put("a"));
    let isLost = false;
    const from = interrupted(await world.from.namespace(), async () => {
      if (isLost) return;
      isLost = true;
      await world.to.backend.drop({ ...ID, namespace: COPIES_NAMESPACE });
    });
    const acts = [async () => undefined];
    const { events } = await follow(world, acts, {}, { from });
    expect(steps(events)).toEqual(["retry", "full"]);
    expect(events[0]).toMatchObject({ error: { code: "NADB_IO" } });
    await world.expectSame();
  });

  it("gives up after so many failures in a row", async () => {
    const world = new World();
    const from = override(await world.from.namespace(), {
      head: () => Promise.reject(new NadbError("NADB_IO", "the disk is away")),
    });
    const acts = Array.from({ length: 40 }, () => async () => undefined);
    const ended = follow(world, acts, { maxFailures: 3 }, { from });
    await expect(ended).rejects.toMatchObject({ code: "NADB_IO" });
    expect(acts).toHaveLength(37);
  });

  it("ends at once with what no further try can mend", async () => {
    const world = new World();
    const acts = [() => world.to.write(put("foreign")), async () => undefined];
    await expect(follow(world, acts)).rejects.toMatchObject({ code: "NADB_CONFLICT" });
    expect(acts).toHaveLength(1);
  });

  it("refuses an interval that is none", async () => {
    await expect(follow(new World(), [], { everySeconds: 0 })).rejects.toMatchObject({
      code: "NADB_INVALID_ARGUMENT",
    });
  });
});

describe("a follower until synced", () => {
  it("ends when source and target hold the same at one moment", async () => {
    const world = new World();
    await world.from.write(put("a"));
    let writes = 4;
    const from = interrupted(await world.from.namespace(), async () => {
      if (writes-- > 0) await world.from.write(put(`k${writes}`));
    });
    const acts = Array.from({ length: 9 }, () => async () => undefined);
    const { events } = await follow(world, acts, { untilSynced: true }, { from });
    expect(steps(events).slice(-2)).toEqual(["changes", "synced"]);
    expect(events.at(-2)).toMatchObject({ inSync: true });
    expect(events.at(-3)).toMatchObject({ inSync: false, lagVersions: 1 });
    expect(acts.length).toBeGreaterThan(3);
    await world.expectSame();
  });

  it.each(["from", "to"] as const)("is not synced once %s has moved", async (side) => {
    const world = new World();
    await world.from.write(put("a"));
    const sides = [await world.from.namespace(), await world.to.namespace()] as const;
    const copier = new Copier(...sides, await world.options());
    await copier.step();
    expect(await copier.isSynced()).toBe(true);
    await world[side].write(put("b"));
    expect(await copier.isSynced()).toBe(false);
  });

  it("looks a second time at the first of several: there was one moment for all", async () => {
    const world = new World();
    const other = { db: "default", namespace: "other" };
    for (const id of [ID, other]) await (await world.from.namespace(id)).commit([put("a")]);
    const copiers: Copier[] = [];
    for (const id of [ID, other]) {
      const sides = [await world.from.namespace(id), await world.to.namespace(id)] as const;
      copiers.push(new Copier(...sides, await world.options()));
    }
    const [first, second] = copiers as [Copier, Copier];
    const isSynced = second.isSynced.bind(second);
    let looks = 0;
    second.isSynced = async () => {
      if (looks++ === 0) await world.from.write(put("late"));
      return isSynced();
    };
    const crew = { members: async () => [first, second], end: async () => undefined };
    const events: CopyEvent[] = [];
    const wait = async () => undefined;
    for await (const event of followCrew(crew, { untilSynced: true, wait })) events.push(event);
    expect(steps(events)).toEqual(["full", "full", "changes", "nothing", "synced"]);
    await world.expectSame();
  });

  it("ends though the target has swept what the source has not, once both are read", async () => {
    const world = new World();
    const expiresAt = world.from.clock.now() + 10;
    await world.from.write(put("a"), put("soon", "1", { expiresAt }));
    await world.copy();
    world.advance(10);
    await world.to.sweep();
    const { events } = await follow(world, [], { untilSynced: true });
    expect(steps(events)).toEqual(["nothing", "synced"]);
    expect(events[0]).toMatchObject({ expired: 1 });
  });

  it("does not end so while the source is written to", async () => {
    const world = new World();
    const expiresAt = world.from.clock.now() + 10;
    await world.from.write(put("a"), put("soon", "1", { expiresAt }));
    await world.copy();
    for (const clock of [world.to.clock, world.clock]) clock.advance(10);
    await world.to.sweep();
    let reads = 0;
    const inner = await world.from.namespace();
    const from = override(inner, {
      changes: async function* (since, options) {
        if (since === null && reads++ === 0) await world.from.write(put("late"));
        yield* inner.changes(since, options);
      },
    });
    const acts = [async () => undefined, async () => undefined];
    const { events } = await follow(
      world,
      acts,
      { untilSynced: true, everySeconds: 0.001 },
      { from },
    );
    expect(steps(events)).toEqual(["nothing", "changes", "synced"]);
  });
});

describe("a follower of a whole store", () => {
  it("holds what comes later, and ends when all of it is the same", async () => {
    const world = new World();
    await world.from.write(put("a"));
    await world.to.backend.open();
    const late = { db: "late", namespace: "one" };
    const script = new Script(world, [
      async () => (await world.from.namespace(late)).commit([put("x")]),
      async () => undefined,
    ]);
    const { wait } = script;
    const options = { clock: world.clock.now, everySeconds: EVERY, wait };
    const events: CopyEvent[] = [];
    for await (const event of followCopyAll(world.from.backend, world.to.backend, {
      ...options,
      signal: script.stop.signal,
    }))
      events.push(event);
    expect(steps(events)).toEqual(["full", "nothing", "full", "nothing", "nothing"]);
    await world.from.write(put("b"));
    const until = { ...options, untilSynced: true };
    const last: CopyEvent[] = [];
    for await (const event of followCopyAll(world.from.backend, world.to.backend, until))
      last.push(event);
    expect(steps(last)).toEqual(["changes", "nothing", "synced"]);
    const [from, to] = [await world.from.namespace(late), await world.to.namespace(late)];
    expect((await to.head()).digest).toBe((await from.head()).digest);
  });

  it("refuses before it writes", async () => {
    const world = new World();
    await world.from.write(put("a"));
    await world.to.write(put("mine"));
    const events = followCopyAll(world.from.backend, world.to.backend);
    await expect(events.next()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
    expect(await world.to.names()).toEqual(["default/default"]);
  });
});

describe("a copy that is interrupted", () => {
  it("throws the signal's reason, and leaves the target as it was", async () => {
    const world = new World();
    await world.from.write(put("a"), put("b"));
    const stop = new AbortController();
    const reason = new Error("enough");
    const options = await world.options({
      signal: stop.signal,
      pageBytes: 1,
      onProgress: () => stop.abort(reason),
    });
    const [from, to] = [await world.from.namespace(), await world.to.namespace()];
    await expect(copyNamespace(from, to, options)).rejects.toBe(reason);
    expect((await world.to.head()).count).toBe(0);
    expect(await world.copy()).toMatchObject({ copied: 2 });
  });
});
