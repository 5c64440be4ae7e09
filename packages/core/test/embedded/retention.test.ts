// What time makes the embedded layer forget: tombstones after their retention, commit ids after an hour.
import { describe, expect, it } from "vitest";
import { memoryBackend, type StorageNamespace } from "../../src/index.js";
import { refuses, rejects } from "../refuses.js";
import { Kept, puts, remove } from "./kept.js";

const DAY = 24 * 3_600_000;
const SPACE_1 = [0x10, 0, 0, 0, 1];
const DEAD = [...SPACE_1, 0x03];
const GRAVES = [...SPACE_1, 0x04];
const COMMITS = 0x05;
const COMMIT_TIMES = 0x06;

const tombstones = (kept: Kept): [number, number] => [
  kept.keys(...DEAD).length,
  kept.keys(...GRAVES).length,
];

async function firstPage(namespace: StorageNamespace, since: string): Promise<number> {
  for await (const { changes } of namespace.changes(since)) return changes.length;
  return 0;
}

describe("a tombstone", () => {
  it("stays for 30 days, and not much longer", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    const { checkpoint } = await namespace.commit(puts(2));
    await namespace.commit([remove("key000000")]);
    kept.clock.advance(30 * DAY);
    await namespace.commit([]);
    expect(tombstones(kept)).toEqual([1, 1]);
    expect(await firstPage(namespace, checkpoint)).toBe(1);
    kept.clock.advance(1);
    await namespace.commit([]);
    expect(tombstones(kept)).toEqual([0, 0]);
    await rejects("NADB_CHECKPOINT_EXPIRED", firstPage(namespace, checkpoint), checkpoint);
  });

  it("stays as long as the backend was told", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace({ tombstoneRetentionSeconds: 1.5 });
    await namespace.commit(puts(1));
    await namespace.commit([remove("key000000")]);
    kept.clock.advance(1_500);
    await namespace.sweep(kept.clock.now(), 1);
    expect(tombstones(kept)).toEqual([1, 1]);
    kept.clock.advance(1);
    await namespace.sweep(kept.clock.now(), 1);
    expect(tombstones(kept)).toEqual([0, 0]);
  });

  it("stays for ever where the retention is infinite", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace({ tombstoneRetentionSeconds: Number.POSITIVE_INFINITY });
    await namespace.commit(puts(1));
    await namespace.commit([remove("key000000")]);
    kept.clock.advance(10_000 * DAY);
    await namespace.sweep(kept.clock.now(), 100);
    expect(tombstones(kept)).toEqual([1, 1]);
  });

  it("takes none younger with it: a checkpoint behind it is served", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace({ tombstoneRetentionSeconds: 10 });
    await namespace.commit(puts(3));
    const { checkpoint } = await namespace.commit([remove("key000000")]);
    kept.clock.advance(9_000);
    await namespace.commit([remove("key000001")]);
    kept.clock.advance(2_000);
    await namespace.commit([]);
    expect(tombstones(kept)).toEqual([1, 1]);
    expect(await firstPage(namespace, checkpoint)).toBe(1);
  });

  it("of a sweep is as old as its sweep, not as its record's expiry", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace({ tombstoneRetentionSeconds: 10 });
    const [put] = puts(1);
    await namespace.commit([{ ...put, expiresAt: kept.clock.now() + 1 } as never]);
    kept.clock.advance(60_000);
    await namespace.sweep(kept.clock.now(), 1);
    await namespace.commit([]);
    expect(tombstones(kept)).toEqual([1, 1]);
  });

  it("goes eight to a commit, as many to a sweep as it is asked for", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace({ tombstoneRetentionSeconds: 0 });
    await namespace.commit(puts(100));
    await namespace.commit((await namespace.keys()).items.map(remove));
    kept.clock.advance(1);
    await namespace.commit([]);
    expect(tombstones(kept)).toEqual([92, 92]);
    await namespace.sweep(kept.clock.now(), 90);
    expect(tombstones(kept)).toEqual([2, 2]);
  });

  it.each([-1, Number.NaN])("is refused a retention of %d seconds", (tombstoneRetentionSeconds) => {
    const make = () => memoryBackend({ tombstoneRetentionSeconds });
    refuses(
      "NADB_INVALID_ARGUMENT",
      make,
      `tombstoneRetentionSeconds ${tombstoneRetentionSeconds}`,
    );
  });
});

describe("a commit id", () => {
  const HOUR = 3_600_000;
  const ids = (kept: Kept): [number, number] => [
    kept.keys(COMMITS).length,
    kept.keys(COMMIT_TIMES).length,
  ];

  it("is forgotten an hour later, by the commits with an id that come then", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    for (let i = 0; i < 10; i++) await namespace.commit(puts(1), { id: `early${i}` });
    kept.clock.advance(HOUR);
    await namespace.commit([], { id: "on the hour" });
    expect(ids(kept)).toEqual([11, 11]);
    kept.clock.advance(1);
    for (const left of [8, 5, 4, 5]) {
      await namespace.commit([], { id: `late${left}${ids(kept)[0]}` });
      expect(ids(kept)).toEqual([left, left]);
    }
  });

  it("that is forgotten names a new commit", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    const first = await namespace.commit(puts(1), { id: "again" });
    kept.clock.advance(HOUR + 1);
    await namespace.commit([], { id: "other" });
    const second = await namespace.commit(puts(1), { id: "again" });
    expect(second.versions).not.toEqual(first.versions);
    expect((await namespace.head()).checkpoint).toBe(second.checkpoint);
  });

  it("does not pile up, however many there are", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    for (let i = 0; i < 300; i++) {
      kept.clock.advance(HOUR / 50);
      await namespace.commit(puts(1), { id: `${i}` });
    }
    expect(ids(kept)[0]).toBeLessThanOrEqual(51);
    expect(ids(kept)[1]).toBe(ids(kept)[0]);
  });
});
