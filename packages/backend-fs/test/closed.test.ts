// A stop too many, a store used after close, a backend closed under its store: each call is refused, nothing changes.
import { KeyValueStore, KeyValueSync } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { fsBackend } from "../src/index.js";
import { newFolder, openStore } from "./folders.js";
import { rejects } from "./refuses.js";

describe("a sync that is stopped twice", () => {
  const stoppedOnce = async (): Promise<{ sync: KeyValueSync; store: KeyValueStore }> => {
    const sync = new KeyValueSync({ flushIntervalSeconds: 3_600 });
    const store = await KeyValueStore.open({ backend: fsBackend({ path: newFolder() }), sync });
    onTestFinished(() => store.close());
    await store.set("before", "1");
    await sync.stop();
    return { sync, store };
  };

  it("says that it is not running, and its stores commit at once", async () => {
    const { sync, store } = await stoppedOnce();
    await rejects("NADB_CLOSED", sync.stop(), "the sync is not running");
    await store.set("after", "1");
    expect(sync.status()).toMatchObject({ running: false, stores: [{ records: 0 }] });
    expect((await store.stats()).count).toBe(2);
  });

  it("at the same time, stops once and tells both", async () => {
    const { sync } = await stoppedOnce();
    sync.start();
    await Promise.all([sync.stop(), sync.stop()]);
    await rejects("NADB_CLOSED", sync.stop(), "the sync is not running");
  });
});

type Call = (store: KeyValueStore) => Promise<unknown>;
const CALLS: Record<string, Call> = {
  set: (store) => store.set("a", "1"),
  setMany: (store) => store.setMany([{ key: "a", value: "1" }]),
  get: (store) => store.get("a"),
  getWithMetadata: (store) => store.getWithMetadata("a"),
  getMany: (store) => store.getMany(["a"]),
  has: (store) => store.has("a"),
  delete: (store) => store.delete("a"),
  deleteMany: (store) => store.deleteMany(["a"]),
  touch: (store) => store.touch("a", { ttlSeconds: 1 }),
  persist: (store) => store.persist("a"),
  cleanupExpired: (store) => store.cleanupExpired(),
  transaction: (store) => store.transaction((tx) => tx.set("a", "1")),
  keys: (store) => store.keys(),
  queryByTags: (store) => store.queryByTags({ all: ["a"] }),
  listTags: (store) => store.listTags(),
  changes: async (store) => store.changes()[Symbol.asyncIterator]().next(),
  stats: (store) => store.stats(),
  clear: (store) => store.clear(),
  flush: (store) => store.flush(),
};

describe("every method there is", () => {
  it("is called below", () => {
    const others = ["constructor", "storage", "codec", "db", "namespace", "close"];
    const methods = Object.getOwnPropertyNames(KeyValueStore.prototype);
    const called = methods.filter((name) => !others.includes(name));
    expect(called.sort()).toEqual(Object.keys(CALLS).sort());
  });

  it.each(Object.entries(CALLS))(
    "%s is refused after close, and changes nothing",
    async (_name, call) => {
      const path = newFolder();
      const store = await openStore(path);
      await store.set("a", "0");
      await store.close();
      await rejects("NADB_CLOSED", call(store), "the store default/default is closed");
      const again = await openStore(path);
      expect(new TextDecoder().decode(await again.get("a"))).toBe("0");
    },
  );

  const WITHOUT_BACKEND = Object.entries(CALLS).filter(([name]) => name !== "flush");

  it.each(WITHOUT_BACKEND)(
    "%s is refused once the backend was closed under the store",
    async (_name, call) => {
      const backend = fsBackend({ path: newFolder() });
      const store = await KeyValueStore.open({ backend });
      await store.set("a", "0");
      await backend.close();
      await rejects("NADB_CLOSED", call(store), "the fs backend is not open");
      await store.close();
    },
  );
});
