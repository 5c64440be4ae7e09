import { describe, expect, it } from "vitest";
import { json, KeyValueStore, memoryBackend, type StoreChange } from "../../src/index.js";
import { Clock } from "../clock.js";
import { rejects } from "../refuses.js";

async function open() {
  const clock = new Clock();
  const backend = memoryBackend({ clock: clock.now });
  const codec = json<number>();
  return { store: await KeyValueStore.open({ backend, clock: clock.now, codec }), clock };
}

async function all(changes: AsyncIterable<StoreChange<number>>): Promise<StoreChange<number>[]> {
  const list = [];
  for await (const change of changes) list.push(change);
  return list;
}

const shown = ({ type, key, ...rest }: StoreChange<number>) =>
  type === "put" ? `${key}=${(rest as { value: number }).value}` : `-${key}`;

describe("changes", () => {
  it("from the beginning are all records, as puts", async () => {
    const { store, clock } = await open();
    await store.set("b", 2, { tags: ["t"], ttlSeconds: 60 });
    await store.set("a", 1);
    await store.set("gone", 0);
    await store.delete("gone");
    const changes = await all(store.changes());
    expect(changes.map(shown)).toEqual(["a=1", "b=2"]);
    expect(changes[1]).toEqual({
      type: "put",
      key: "b",
      value: 2,
      tags: ["t"],
      createdAt: clock.now(),
      updatedAt: clock.now(),
      expiresAt: clock.now() + 60_000,
      version: 1,
      checkpoint: (await store.stats()).checkpoint,
    });
  });

  it("since a checkpoint are what happened after it, deletes included, each key once", async () => {
    const { store, clock } = await open();
    await store.setMany([1, 2, 3].map((value) => ({ key: `k${value}`, value })));
    const [, , { checkpoint } = {}] = await all(store.changes());
    await store.set("k1", 10);
    await store.set("k1", 11);
    await store.delete("k2");
    const changes = await all(store.changes({ since: checkpoint as string }));
    expect(changes.map(shown)).toEqual(["k1=11", "-k2"]);
    expect(changes[1]).toMatchObject({ type: "delete", deletedAt: clock.now() });
    const next = changes[1]?.checkpoint as string;
    expect(await all(store.changes({ since: next }))).toEqual([]);
  });

  it("carry a checkpoint on the last one only", async () => {
    const { store } = await open();
    const entries = Array.from({ length: 9_000 }, (_, value) => ({ key: `k${value}`, value }));
    await store.setMany(entries);
    const changes = await all(store.changes());
    expect(changes.length).toBe(9_000);
    const marked = changes.flatMap(({ checkpoint }, i) => (checkpoint === undefined ? [] : [i]));
    expect(marked).toEqual([8_999]);
  });

  it("of an empty store are none", async () => {
    const { store } = await open();
    expect(await all(store.changes())).toEqual([]);
  });

  it("since a cut that was replaced are refused", async () => {
    const { store } = await open();
    await store.set("a", 1);
    const { checkpoint } = await store.stats();
    await store.clear();
    await rejects("NADB_CHECKPOINT_EXPIRED", all(store.changes({ since: checkpoint })));
    await rejects("NADB_CHECKPOINT_EXPIRED", all(store.changes({ since: "no checkpoint" })));
  });

  it("that follow go on with what happens later, in order, until they are left", async () => {
    const { store } = await open();
    await store.set("a", 1);
    const seen: string[] = [];
    for await (const change of store.changes({ follow: true, pollSeconds: 0.001 })) {
      seen.push(shown(change));
      if (seen.length === 1) await store.set("b", 2);
      if (seen.length === 2) {
        await store.set("c", 3);
        await store.delete("a");
      }
      if (seen.length === 4) break;
    }
    expect(seen).toEqual(["a=1", "b=2", "c=3", "-a"]);
  });

  it("that follow end with the signal's reason, and with the store", async () => {
    const { store } = await open();
    const controller = new AbortController();
    const { signal } = controller;
    const following = all(store.changes({ follow: true, pollSeconds: 3_600, signal }));
    setTimeout(() => controller.abort(new Error("enough")));
    await expect(following).rejects.toThrow("enough");
    const left = all(store.changes({ follow: true, pollSeconds: 0.001 }));
    setTimeout(() => store.close());
    await rejects("NADB_CLOSED", left);
  });

  it.each([0, -1, Number.NaN])("refuse pollSeconds %s", async (pollSeconds) => {
    const { store } = await open();
    await rejects("NADB_INVALID_ARGUMENT", all(store.changes({ pollSeconds })), "pollSeconds");
  });
});
