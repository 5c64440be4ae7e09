import { describe, expect, it } from "vitest";
import { everyPage, KeyValueStore, memoryBackend } from "../../src/index.js";
import { Clock } from "../clock.js";
import { rejects } from "../refuses.js";

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && new TextDecoder().decode(bytes);

async function open(): Promise<{ store: KeyValueStore; clock: Clock }> {
  const clock = new Clock();
  const backend = memoryBackend({ clock: clock.now });
  return { store: await KeyValueStore.open({ backend, clock: clock.now }), clock };
}

describe("set and get", () => {
  it("keep bytes as they are, and text as UTF-8", async () => {
    const { store } = await open();
    await store.set("bytes", Uint8Array.of(0, 255, 254));
    await store.set("text", "größe 😀");
    await store.set("empty", "");
    expect(await store.get("bytes")).toEqual(Uint8Array.of(0, 255, 254));
    expect(text(await store.get("text"))).toBe("größe 😀");
    expect(await store.get("empty")).toEqual(new Uint8Array(0));
    expect(await store.get("missing")).toBeUndefined();
  });

  it("tell tags, times and version", async () => {
    const { store, clock } = await open();
    const createdAt = clock.now();
    await store.set("a", "1", { tags: ["b", "a", "b"], ttlSeconds: 1.5 });
    const first = await store.getWithMetadata("a");
    expect({ ...first, value: text(first?.value) }).toEqual({
      key: "a",
      value: "1",
      tags: ["a", "b"],
      createdAt,
      updatedAt: createdAt,
      expiresAt: createdAt + 1_500,
      version: 1,
    });
    expect(await store.getWithMetadata("missing")).toBeUndefined();
  });

  it("replace value, tags and expiry together; createdAt stays", async () => {
    const { store, clock } = await open();
    const createdAt = clock.now();
    await store.set("a", "1", { tags: ["old"], ttlSeconds: 60 });
    clock.advance(1_000);
    await store.set("a", "2");
    const record = await store.getWithMetadata("a");
    expect(record).toMatchObject({ tags: [], createdAt, updatedAt: createdAt + 1_000, version: 2 });
    expect(record).not.toHaveProperty("expiresAt");
    expect([...(await store.listTags())]).toEqual([]);
  });

  it("let a record go at its instant, by either way of giving it", async () => {
    const { store, clock } = await open();
    await store.set("by-ttl", "1", { ttlSeconds: 5 });
    await store.set("by-time", "1", { expiresAt: clock.now() + 5_000 });
    clock.advance(4_999);
    expect([await store.has("by-ttl"), await store.has("by-time")]).toEqual([true, true]);
    clock.advance(1);
    expect([await store.has("by-ttl"), await store.has("by-time")]).toEqual([false, false]);
  });

  it("refuse ttlSeconds and expiresAt together, and write nothing", async () => {
    const { store, clock } = await open();
    const both = { ttlSeconds: 5, expiresAt: clock.now() + 5_000 };
    const set = store.set("a", "1", both);
    await rejects("NADB_INVALID_ARGUMENT", set, '"a" has both ttlSeconds and expiresAt');
    expect(await store.stats()).toMatchObject({ count: 0, checkpoint: "empty" });
  });

  it("refuse text that UTF-8 could not give back", async () => {
    const { store } = await open();
    const set = store.set("a", "half a \ud83d");
    await rejects(
      "NADB_INVALID_ARGUMENT",
      set,
      'the value of "a" can not be encoded as bytes: no well-formed Unicode',
    );
  });
});

describe("setMany", () => {
  it("is one commit; of one key twice the later wins", async () => {
    const { store } = await open();
    await store.setMany([
      { key: "a", value: "1", tags: ["gone"] },
      { key: "b", value: "2", tags: ["t"], ttlSeconds: 9 },
      { key: "a", value: "3" },
    ]);
    expect((await store.stats()).checkpoint).toMatch(/^[0-9a-f]{16}-2-[0-9a-f]{16}$/);
    expect(text(await store.get("a"))).toBe("3");
    expect([...(await store.listTags())]).toEqual([["t", 1]]);
    expect(await store.getWithMetadata("b")).toHaveProperty("expiresAt");
  });

  it("writes nothing when one entry is refused", async () => {
    const { store } = await open();
    const entries = [
      { key: "a", value: "1" },
      { key: "b", value: "1", ttlSeconds: -1 },
    ];
    await rejects("NADB_INVALID_ARGUMENT", store.setMany(entries), "ttlSeconds -1");
    expect(await store.has("a")).toBe(false);
  });
});

describe("getMany", () => {
  it("answers a map of what is there, each key once", async () => {
    const { store } = await open();
    await store.setMany(["a", "b", "c"].map((key) => ({ key, value: key })));
    const found = await store.getMany(["c", "missing", "a", "c"]);
    expect([...found].map(([key, value]) => [key, text(value)])).toEqual([
      ["c", "c"],
      ["a", "a"],
    ]);
    expect(await store.getMany([])).toEqual(new Map());
  });
});

describe("delete", () => {
  it("answers whether there was something to delete", async () => {
    const { store, clock } = await open();
    await store.set("a", "1");
    await store.set("expired", "1", { ttlSeconds: 1 });
    clock.advance(1_000);
    const answers = [
      await store.delete("a"),
      await store.delete("a"),
      await store.delete("expired"),
    ];
    expect(answers).toEqual([true, false, false]);
    expect(await store.has("a")).toBe(false);
  });

  it("of many answers how many went, a key given twice once", async () => {
    const { store } = await open();
    await store.setMany(["a", "b", "c"].map((key) => ({ key, value: key })));
    expect(await store.deleteMany(["a", "missing", "b", "a"])).toBe(2);
    expect(await store.deleteMany([])).toBe(0);
    expect((await store.keys()).items).toEqual(["c"]);
  });
});

describe("listings", () => {
  async function filled(): Promise<KeyValueStore> {
    const { store } = await open();
    const keys = ["user:2", "user:1", "user", "order:1", "user:10"];
    await store.setMany(keys.map((key) => ({ key, value: "1", tags: [key.split(":")[0] ?? ""] })));
    return store;
  }

  it("come in pages that everyPage follows", async () => {
    const store = await filled();
    const keys: string[] = [];
    const list = (from: object) => store.keys({ prefix: "user:", limit: 2, ...from });
    for await (const key of everyPage(list)) keys.push(key);
    expect(keys).toEqual(["user:1", "user:10", "user:2"]);
  });

  it("answer tag queries and the tags in use", async () => {
    const store = await filled();
    const query = { all: ["user"], none: ["order"], limit: 3 };
    const page = await store.queryByTags(query);
    expect(page.items).toEqual(["user", "user:1", "user:10"]);
    const rest = await store.queryByTags({ ...query, ...(page.cursor && { cursor: page.cursor }) });
    expect(rest).toEqual({ items: ["user:2"] });
    expect(await store.listTags()).toEqual(
      new Map([
        ["order", 1],
        ["user", 4],
      ]),
    );
  });
});

describe("stats and clear", () => {
  it("stats says what the store is and holds", async () => {
    const { store } = await open();
    await store.set("a", "four", { tags: ["x", "y"] });
    const head = await store.storage.head();
    const stats = { backend: "memory", db: "default", namespace: "default", tags: 2 };
    expect(await store.stats()).toEqual({ ...stats, ...head });
    expect(head).toMatchObject({ count: 1, bytes: 4 });
  });

  it("clear leaves nothing and begins a new generation", async () => {
    const { store } = await open();
    await store.set("a", "1", { tags: ["x"] });
    const { checkpoint } = await store.stats();
    await store.clear();
    expect(await store.stats()).toMatchObject({ count: 0, bytes: 0, tags: 0 });
    expect(await store.has("a")).toBe(false);
    const changes = store.storage.changes(checkpoint)[Symbol.asyncIterator]();
    await rejects("NADB_CHECKPOINT_EXPIRED", changes.next());
  });
});
