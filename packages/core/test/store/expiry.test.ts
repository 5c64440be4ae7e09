import { describe, expect, it } from "vitest";
import { KeyValueStore, memoryBackend, type StorageBackend, text } from "../../src/index.js";
import { Clock } from "../clock.js";
import { rejects } from "../refuses.js";

async function open(wrap: (backend: StorageBackend) => StorageBackend = (backend) => backend) {
  const clock = new Clock();
  const backend = wrap(memoryBackend({ clock: clock.now }));
  const store = await KeyValueStore.open({ backend, clock: clock.now, codec: text });
  return { store, clock };
}

describe("touch", () => {
  it("moves the instant and leaves value, tags and createdAt", async () => {
    const { store, clock } = await open();
    const createdAt = clock.now();
    await store.set("a", "1", { tags: ["t"], ttlSeconds: 10 });
    clock.advance(9_999);
    expect(await store.touch("a", { ttlSeconds: 10 })).toBe(true);
    clock.advance(9_999);
    expect(await store.getWithMetadata("a")).toMatchObject({ value: "1", tags: ["t"], createdAt });
    clock.advance(1);
    expect(await store.has("a")).toBe(false);
    expect((await store.queryByTags({ all: ["t"] })).items).toEqual([]);
  });

  it("takes an instant, too", async () => {
    const { store, clock } = await open();
    await store.set("a", "1");
    await store.touch("a", { expiresAt: clock.now() + 5 });
    clock.advance(4);
    expect(await store.has("a")).toBe(true);
    clock.advance(1);
    expect(await store.has("a")).toBe(false);
  });

  it("answers false where there is nothing, or nothing any more", async () => {
    const { store, clock } = await open();
    expect(await store.touch("no", { ttlSeconds: 1 })).toBe(false);
    await store.set("a", "1", { ttlSeconds: 1 });
    clock.advance(1_000);
    expect(await store.touch("a", { ttlSeconds: 1 })).toBe(false);
    expect(await store.persist("a")).toBe(false);
  });

  it("never takes back what somebody else has set meanwhile", async () => {
    let interfere: (() => Promise<void>) | undefined;
    const { store } = await open((backend) => ({
      ...{ name: "meddling", contract: 1, capabilities: backend.capabilities },
      open: () => backend.open(),
      close: () => backend.close(),
      drop: (id) => backend.drop(id),
      namespaces: () => backend.namespaces(),
      namespace: async (id) => {
        const inner = await backend.namespace(id);
        return Object.assign(Object.create(inner), {
          getMany: async (keys: string[]) => {
            const records = await inner.getMany(keys);
            await interfere?.();
            return records;
          },
          commit: inner.commit.bind(inner),
          changes: inner.changes.bind(inner),
          head: inner.head.bind(inner),
        });
      },
    }));
    await store.set("a", "old");
    interfere = async () => {
      interfere = undefined;
      await store.set("a", "new");
    };
    expect(await store.touch("a", { ttlSeconds: 60 })).toBe(true);
    expect((await store.getWithMetadata("a"))?.value).toBe("new");
  });

  it.each([{ ttlSeconds: 0 }, { ttlSeconds: Number.NaN }, { ttlSeconds: 1, expiresAt: 5 }])(
    "refuses %j",
    async (expiry) => {
      const { store } = await open();
      await store.set("a", "1");
      await rejects("NADB_INVALID_ARGUMENT", store.touch("a", expiry));
      await rejects("NADB_INVALID_ARGUMENT", store.touch("", { ttlSeconds: 1 }));
    },
  );
});

describe("persist", () => {
  it("lets a record live", async () => {
    const { store, clock } = await open();
    await store.set("a", "1", { ttlSeconds: 1 });
    expect(await store.persist("a")).toBe(true);
    clock.advance(10_000_000);
    expect(await store.get("a")).toBe("1");
    expect(await store.getWithMetadata("a")).not.toHaveProperty("expiresAt");
  });

  it("writes nothing where there is nothing to change", async () => {
    const { store } = await open();
    await store.set("a", "1");
    const { checkpoint } = await store.stats();
    expect(await store.persist("a")).toBe(true);
    expect((await store.stats()).checkpoint).toBe(checkpoint);
  });
});

describe("cleanupExpired", () => {
  it("turns all that has expired into deletes, however much it is", async () => {
    const { store, clock } = await open();
    const entries = Array.from({ length: 2_500 }, (_, i) => ({
      key: `k${i}`,
      value: "",
      ttlSeconds: 1,
    }));
    await store.setMany([...entries, { key: "stays", value: "" }]);
    const { checkpoint } = await store.stats();
    expect(await store.cleanupExpired()).toBe(0);
    clock.advance(1_000);
    expect((await store.stats()).count).toBe(2_501);
    expect(await store.cleanupExpired()).toBe(2_500);
    expect((await store.stats()).count).toBe(1);
    let deletes = 0;
    for await (const change of store.changes({ since: checkpoint }))
      if (change.type === "delete") deletes++;
    expect(deletes).toBe(2_500);
    expect(await store.cleanupExpired()).toBe(0);
  });
});
