// Writes under way while their store, or the backend below it, is closed: each is acknowledged and durable, or refused.
import { isNadbError, KeyValueStore, KeyValueSync } from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { fsBackend } from "../src/index.js";
import { newFolder, openStore } from "./folders.js";
import { rejects } from "./refuses.js";

describe("writes that nobody has awaited", () => {
  const KEYS = Array.from({ length: 200 }, (_, i) => `key${i}`);

  /** The key once it is acknowledged; nothing when it is refused as closed. */
  async function write(store: KeyValueStore, key: string): Promise<string | undefined> {
    try {
      await store.set(key, "value ".repeat(50));
      return key;
    } catch (error) {
      if (isNadbError(error, "NADB_CLOSED")) return undefined;
      throw error;
    }
  }

  async function acknowledged(writes: readonly Promise<string | undefined>[]): Promise<string[]> {
    return (await Promise.all(writes)).filter((key) => key !== undefined).sort();
  }

  async function foundIn(path: string): Promise<readonly string[]> {
    const store = await openStore(path, false);
    await checkNamespace(store.storage, Date.now());
    return (await store.keys({ limit: 1_000 })).items;
  }

  it.each([
    ["committed at once", {}],
    ["compressed", { compressValues: { minBytes: 1 } }],
    ["buffered", { sync: new KeyValueSync({ flushIntervalSeconds: 3_600 }) }],
    [
      "through a buffer that is full",
      { sync: new KeyValueSync({ flushIntervalSeconds: 3_600 }), bufferSizeMb: 0.01 },
    ],
  ])("before close are durable, %s", async (_how, options) => {
    const path = newFolder();
    const store = await KeyValueStore.open({ backend: fsBackend({ path }), ...options });
    const writes = KEYS.map((key) => write(store, key));
    await store.close();
    expect(await acknowledged(writes)).toEqual([...KEYS].sort());
    expect(await foundIn(path)).toEqual([...KEYS].sort());
  });

  it.each([0, 1, 3, 10])(
    "around close are acknowledged and durable, or refused: %i at a time",
    async (turns) => {
      const path = newFolder();
      const store = await KeyValueStore.open({ backend: fsBackend({ path }) });
      const writes: Promise<string | undefined>[] = [];
      let closing: Promise<void> | undefined;
      for (const [i, key] of KEYS.entries()) {
        writes.push(write(store, key));
        if (i === 100) closing = store.close();
        if (turns > 0 && i % turns === 0) await new Promise(setImmediate);
      }
      await closing;
      const kept = await acknowledged(writes);
      expect(kept).toHaveLength(101);
      expect(await foundIn(path)).toEqual(kept);
    },
  );

  it("before the backend is closed under the store are durable, or refused", async () => {
    const path = newFolder();
    const backend = fsBackend({ path });
    const store = await KeyValueStore.open({ backend });
    const writes = KEYS.map((key) => write(store, key));
    await backend.close();
    const kept = await acknowledged(writes);
    expect(await foundIn(path)).toEqual(kept);
  });

  it("in a buffer when the backend is closed under the store: the flush is refused, and told", async () => {
    const sync = new KeyValueSync({ flushIntervalSeconds: 3_600 });
    const backend = fsBackend({ path: newFolder() });
    const store = await KeyValueStore.open({ backend, sync });
    await store.set("a", "1");
    await backend.close();
    for (const end of [store.flush(), sync.stop(), store.close()]) {
      await rejects("NADB_CLOSED", end, "the fs backend is not open");
    }
    expect(sync.status().stores).toMatchObject([
      { records: 1, lastError: { code: "NADB_CLOSED" } },
    ]);
  });
});
