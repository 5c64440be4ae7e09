// What nobody can reach any more really leaves the engine. The tables are those of layout.ts.
import { describe, expect, it } from "vitest";
import { encodeRecord, type StorageNamespace } from "../../src/index.js";
import { ID, Kept, puts, remove, settle } from "./kept.js";

const GARBAGE = 0x03;
const STAGINGS = 0x04;
const SPACES = 0x10;

/** A store with `count` records, deletes, expiries and a commit by id behind it. */
async function filled(count: number): Promise<{ kept: Kept; namespace: StorageNamespace }> {
  const kept = new Kept();
  const namespace = await kept.namespace();
  await namespace.commit(puts(count));
  const expiresAt = kept.clock.now() + 1_000_000;
  const [dying] = puts(1, "dying");
  await namespace.commit([{ ...dying, expiresAt } as never], { id: "once" });
  await namespace.commit([remove("key000000")]);
  return { kept, namespace };
}

const records = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) =>
    encodeRecord({
      key: `loaded${i}`,
      value: new Uint8Array(3),
      tags: ["loaded"],
      createdAt: 1,
      updatedAt: 2,
      version: 1,
    }),
  );

/** The spaces that hold anything. */
const spaces = (kept: Kept): Set<number> =>
  new Set(kept.keys(SPACES).map((key) => Buffer.from(key).readUInt32BE(1)));

describe("garbage", () => {
  it("of a replaced generation is gone, however much it was", async () => {
    const { kept, namespace } = await filled(2_000);
    const before = kept.keys(SPACES).length;
    const load = await namespace.replace();
    await load.put(records(3));
    await load.commit();
    await settle();
    expect(before).toBeGreaterThan(8_000);
    expect(kept.keys(SPACES)).toHaveLength(3 * 3 + 1); // record, feed, tag each; one tag count
    expect([kept.keys(GARBAGE), kept.keys(STAGINGS)]).toEqual([[], []]);
  });

  it("of a cleared namespace is gone", async () => {
    const { kept, namespace } = await filled(100);
    await (await namespace.replace()).commit();
    await settle();
    expect(kept.keys(SPACES)).toEqual([]);
  });

  it("of a dropped namespace is gone with its name and its commit ids", async () => {
    const { kept } = await filled(2_000);
    const empty = new Kept();
    await (await kept.backend()).drop(ID);
    await empty.backend();
    await settle();
    expect(kept.keys(SPACES)).toEqual([]);
    const NEXT_SPACE = 1;
    expect(kept.dump()).toHaveLength(empty.dump().length + NEXT_SPACE);
  });

  it("of an aborted load is gone", async () => {
    const { kept, namespace } = await filled(10);
    const before = kept.keys(SPACES);
    for (const kind of ["replace", "merge"] as const) {
      const load = await namespace[kind]();
      await load.put(records(2_000));
      await load.abort();
      await settle();
    }
    expect(kept.keys(SPACES)).toEqual(before);
    expect([kept.keys(GARBAGE), kept.keys(STAGINGS)]).toEqual([[], []]);
  });

  it("of a merged load is gone", async () => {
    const { kept, namespace } = await filled(10);
    const before = spaces(kept);
    const load = await namespace.merge();
    await load.put(records(2_000));
    await load.commit();
    await settle();
    expect(spaces(kept)).toEqual(before);
    expect([kept.keys(GARBAGE), kept.keys(STAGINGS)]).toEqual([[], []]);
  });

  it("of a refused commit of a load is none: the load can go on", async () => {
    const { kept, namespace } = await filled(10);
    const load = await namespace.replace();
    await load.put(records(5));
    const before = kept.dump();
    await expect(load.commit({ expectDigest: "00" })).rejects.toThrow("state digest");
    await settle();
    expect(kept.dump()).toEqual(before);
    expect((await load.commit()).count).toBe(5);
  });

  it("that close left behind goes with later commits, a little by each", async () => {
    const { kept, namespace } = await filled(1_000);
    const backend = await kept.backend();
    const other = await backend.namespace({ ...ID, namespace: "other" });
    await other.commit([]);
    await namespace.commit([]);
    const closing = await kept.backend();
    await Promise.all([closing.drop(ID), closing.close()]);
    await settle();
    let left = kept.keys(SPACES).length;
    expect(left).toBeGreaterThan(2_000);
    for (let commits = 0; left > 0; commits++) {
      await other.commit([]);
      const now = kept.keys(SPACES).length;
      expect(left - now).toBe(Math.min(left, 64));
      expect(commits).toBeLessThan(200);
      left = now;
    }
    await other.commit([]);
    expect(kept.keys(GARBAGE)).toEqual([]);
  });

  it("leaves nothing behind where everything was deleted and trimmed", async () => {
    const { kept, namespace } = await filled(500);
    const { items } = await namespace.keys();
    await namespace.commit(items.map(remove));
    await namespace.trim((await namespace.head()).checkpoint);
    expect(kept.keys(SPACES)).toEqual([]);
  });
});
