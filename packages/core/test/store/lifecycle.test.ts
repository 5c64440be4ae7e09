import { describe, expect, it, vi } from "vitest";
import {
  KeyValueStore,
  memoryBackend,
  type OpenStoreOptions,
  type StorageBackend,
} from "../../src/index.js";
import { rejects } from "../refuses.js";

const open = (options: Partial<OpenStoreOptions> = {}): Promise<KeyValueStore> =>
  KeyValueStore.open({ backend: memoryBackend(), ...options });

type Call = (store: KeyValueStore, signal?: AbortSignal) => Promise<unknown>;

/** Every call that takes a signal; without one it must work. */
const SIGNALLED: Record<string, Call> = {
  set: (store, signal) => store.set("a", "1", { ...(signal && { signal }) }),
  setMany: (store, signal) =>
    store.setMany([{ key: "a", value: "1" }], { ...(signal && { signal }) }),
  get: (store, signal) => store.get("a", { ...(signal && { signal }) }),
  getWithMetadata: (store, signal) => store.getWithMetadata("a", { ...(signal && { signal }) }),
  getMany: (store, signal) => store.getMany(["a"], { ...(signal && { signal }) }),
  has: (store, signal) => store.has("a", { ...(signal && { signal }) }),
  delete: (store, signal) => store.delete("a", { ...(signal && { signal }) }),
  deleteMany: (store, signal) => store.deleteMany(["a"], { ...(signal && { signal }) }),
  keys: (store, signal) => store.keys({ ...(signal && { signal }) }),
  queryByTags: (store, signal) => store.queryByTags({ all: ["a"], ...(signal && { signal }) }),
  listTags: (store, signal) => store.listTags({ ...(signal && { signal }) }),
  stats: (store, signal) => store.stats({ ...(signal && { signal }) }),
  touch: (store, signal) => store.touch("a", { ttlSeconds: 1, ...(signal && { signal }) }),
  persist: (store, signal) => store.persist("a", { ...(signal && { signal }) }),
  cleanupExpired: (store, signal) => store.cleanupExpired({ ...(signal && { signal }) }),
  changes: (store, signal) => drain(() => store.changes({ ...(signal && { signal }) })),
  transaction: (store, signal) =>
    store.transaction((tx) => tx.set("a", "1"), { ...(signal && { signal }) }),
};
const CALLS: Record<string, Call> = {
  ...SIGNALLED,
  clear: (store) => store.clear(),
  flush: (store) => store.flush(),
};

async function drain(begin: () => AsyncIterable<unknown>): Promise<void> {
  for await (const _ of begin());
}

describe("a closed store", () => {
  it.each(Object.entries(CALLS))("refuses %s", async (_name, call) => {
    const store = await open({ db: "shop", namespace: "carts", closeBackend: false });
    await call(store);
    await store.close();
    await rejects("NADB_CLOSED", call(store), "the store shop/carts is closed");
  });

  it("has no call that was left out here", () => {
    const methods = Object.getOwnPropertyNames(KeyValueStore.prototype);
    const others = ["constructor", "storage", "codec", "db", "namespace", "close"];
    expect(methods.filter((name) => !others.includes(name)).sort()).toEqual(
      Object.keys(CALLS).sort(),
    );
  });

  it("closes again without complaint", async () => {
    const store = await open();
    await store.close();
    await store.close();
  });
});

describe("an aborted signal", () => {
  it.each(Object.entries(SIGNALLED))("stops %s with its reason", async (_name, call) => {
    const store = await open();
    const reason = new Error("enough");
    await expect(call(store, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(await store.stats()).toMatchObject({ count: 0, checkpoint: "empty" });
  });
});

describe("await using", () => {
  it("closes the store, and with it its backend", async () => {
    const backend = memoryBackend();
    {
      await using store = await open({ backend });
      await store.set("a", "1");
    }
    await rejects("NADB_CLOSED", open({ backend }));
  });

  it("closes the store of a block that throws", async () => {
    const backend = memoryBackend();
    const block = async (): Promise<void> => {
      await using store = await open({ backend });
      await store.set("", "1");
    };
    await rejects("NADB_INVALID_ARGUMENT", block());
    await rejects("NADB_CLOSED", open({ backend }));
  });
});

describe("the backend", () => {
  it("stays open until the last store on it closes", async () => {
    const backend = memoryBackend();
    const [first, second] = [await open({ backend }), await open({ backend, namespace: "other" })];
    await first.close();
    await first.close();
    await second.set("a", "1");
    await second.close();
    await rejects("NADB_CLOSED", open({ backend }));
  });

  it("stays open when the last store was told not to close it", async () => {
    const backend = memoryBackend();
    const store = await open({ backend, closeBackend: false });
    await store.set("a", "1");
    await store.close();
    await using again = await open({ backend });
    expect(await again.has("a")).toBe(true);
  });

  it("keeps the stores on it apart by db and namespace", async () => {
    const backend = memoryBackend();
    await using one = await open({ backend, db: "a", namespace: "b" });
    await using other = await open({ backend, db: "b", namespace: "a" });
    await one.set("k", "1");
    expect([one.db, one.namespace]).toEqual(["a", "b"]);
    expect(await other.has("k")).toBe(false);
  });
});

describe("open", () => {
  const watched = (change: Partial<StorageBackend>): StorageBackend => {
    const inner = memoryBackend();
    const methods = { namespace: inner.namespace.bind(inner), open: vi.fn(() => inner.open()) };
    return { ...inner, ...methods, ...change } as StorageBackend;
  };

  it.each([0, 2, undefined])(
    "refuses a backend of contract %s, and does not open it",
    async (contract) => {
      const backend = watched({ name: "acme", contract: contract as unknown as 1 });
      await rejects(
        "NADB_UNSUPPORTED",
        open({ backend }),
        `backend "acme" speaks contract ${contract}`,
      );
      expect(backend.open).not.toHaveBeenCalled();
    },
  );

  it.each([{ db: "../a" }, { namespace: "a/b" }, { namespace: "" }])(
    "refuses %j, and does not open the backend",
    async (names) => {
      const backend = watched({});
      await rejects("NADB_INVALID_ARGUMENT", open({ backend, ...names }), "is not allowed");
      expect(backend.open).not.toHaveBeenCalled();
    },
  );

  it("fails as the backend's open fails, and works once that does", async () => {
    const inner = memoryBackend();
    const failing = vi.fn(() => inner.open()).mockRejectedValueOnce(new Error("no disk"));
    const backend = watched({ open: failing, namespace: inner.namespace.bind(inner) });
    await expect(open({ backend })).rejects.toThrow("no disk");
    const store = await open({ backend });
    expect(await store.has("a")).toBe(false);
  });
});

describe("close", () => {
  it("waits for a write whose large value is still being compressed", async () => {
    const store = await open({ compressValues: true });
    const writing = store.set("large", new Uint8Array(2_000_000));
    const outcomes = await Promise.allSettled([store.close(), writing]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  });
});
