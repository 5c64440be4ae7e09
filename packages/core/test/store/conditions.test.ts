import { describe, expect, it } from "vitest";
import { KeyValueStore, memoryBackend, text } from "../../src/index.js";
import { Clock } from "../clock.js";
import { rejects } from "../refuses.js";

async function open() {
  const clock = new Clock();
  const backend = memoryBackend({ clock: clock.now });
  return {
    store: await KeyValueStore.open({ backend, clock: clock.now, codec: text }),
    clock,
  };
}

describe("ifAbsent", () => {
  it("sets once", async () => {
    const { store } = await open();
    await store.set("a", "first", { ifAbsent: true });
    await rejects("NADB_CONFLICT", store.set("a", "second", { ifAbsent: true }), '"a"');
    expect(await store.get("a")).toBe("first");
  });

  it("takes an expired record for absent", async () => {
    const { store, clock } = await open();
    await store.set("a", "old", { ttlSeconds: 1 });
    clock.advance(999);
    await rejects("NADB_CONFLICT", store.set("a", "new", { ifAbsent: true }));
    clock.advance(1);
    await store.set("a", "new", { ifAbsent: true });
    expect(await store.get("a")).toBe("new");
  });

  it("lets one of many win", async () => {
    const { store } = await open();
    const attempts = Array.from({ length: 20 }, (_, i) =>
      store.set("lock", `${i}`, { ifAbsent: true }),
    );
    const won = (await Promise.allSettled(attempts)).filter(({ status }) => status === "fulfilled");
    expect(won.length).toBe(1);
  });
});

describe("ifVersion", () => {
  it("compares and sets, by the version that the last set answered", async () => {
    const { store } = await open();
    const first = await store.set("a", "1");
    const second = await store.set("a", "2", { ifVersion: first as number });
    expect(second).toBeGreaterThan(first as number);
    await rejects("NADB_CONFLICT", store.set("a", "3", { ifVersion: first as number }));
    expect(await store.getWithMetadata("a")).toMatchObject({ value: "2", version: second });
  });

  it("guards a delete", async () => {
    const { store } = await open();
    const first = (await store.set("a", "1")) as number;
    const second = (await store.set("a", "2")) as number;
    await rejects("NADB_CONFLICT", store.delete("a", { ifVersion: first }));
    expect(await store.delete("a", { ifVersion: second })).toBe(true);
    await rejects("NADB_CONFLICT", store.delete("a", { ifVersion: second }));
  });

  it.each([-1, 1.5, Number.NaN, "1", null])("refuses %s", async (ifVersion) => {
    const { store } = await open();
    const set = store.set("a", "1", { ifVersion: ifVersion as number });
    await rejects("NADB_INVALID_ARGUMENT", set, "ifVersion");
  });

  it("is not given together with ifAbsent", async () => {
    const { store } = await open();
    const set = store.set("a", "1", { ifVersion: 1, ifAbsent: true });
    await rejects("NADB_INVALID_ARGUMENT", set, '"a"');
  });
});

describe("setMany", () => {
  it("writes nothing when one condition fails", async () => {
    const { store } = await open();
    await store.set("taken", "old");
    const entries = [
      { key: "new", value: "1" },
      { key: "taken", value: "2", ifAbsent: true },
    ];
    await rejects("NADB_CONFLICT", store.setMany(entries), '"taken"');
    expect([...(await store.getMany(["new", "taken"]))]).toEqual([["taken", "old"]]);
  });
});
