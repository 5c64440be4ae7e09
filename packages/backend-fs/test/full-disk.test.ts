// A disk without a free block: writes are refused, what was acknowledged stays and can be read, and once there is
// room the store goes on as if nothing had been. Nothing ends the process.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isNadbError, KeyValueStore, KeyValueSync } from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { fsBackend } from "../src/index.js";
import { noDisks, smallDisk } from "./disks.js";
import { openStore } from "./folders.js";
import { Program } from "./program.js";
import { rejects } from "./refuses.js";

const VALUE = "v".repeat(3_000);
const here = noDisks === undefined ? "" : ` (left out, no small disk can be mounted: ${noDisks})`;

const keys = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

async function codes(promises: readonly Promise<unknown>[]): Promise<Set<string>> {
  const outcomes = await Promise.allSettled(promises);
  const codeOf = (error: unknown): string => (isNadbError(error) ? error.code : String(error));
  return new Set(outcomes.map((one) => (one.status === "rejected" ? codeOf(one.reason) : "ok")));
}

beforeEach(() => {
  const said = vi.spyOn(console, "error").mockReturnValue(); // the engine says each refusal there
  return () => said.mockRestore();
});

describe.skipIf(noDisks !== undefined)(`on a full disk${here}`, () => {
  it("durable writes are refused one and all, and those before stay", async () => {
    const disk = smallDisk();
    const store = await openStore(join(disk.folder, "store"));
    const before = keys("before", 20);
    for (const key of before) await store.set(key, VALUE, { tags: ["before"] });
    disk.fill();
    const acknowledged = [...before];
    for (const key of keys("single", 20)) {
      const outcome = await codes([store.set(key, VALUE)]);
      if (outcome.has("ok")) acknowledged.push(key);
      else expect([...outcome]).toEqual(["NADB_IO"]);
    }
    expect([...(await codes(keys("group", 50).map((key) => store.set(key, VALUE))))]).toEqual([
      "NADB_IO",
    ]);
    const entries = keys("batch", 20).map((key) => ({ key, value: VALUE }));
    await rejects("NADB_IO", store.setMany(entries), "No space left");
    expect((await store.keys()).items).toEqual([...acknowledged].sort());
    await checkNamespace(store.storage, Date.now());
    disk.makeRoom();
    await store.set("after", VALUE);
    expect((await store.stats()).count).toBe(acknowledged.length + 1);
    await checkNamespace(store.storage, Date.now());
  });

  it("buffered writes stay in memory, are seen and told of, and are committed once there is room", async () => {
    const disk = smallDisk();
    const path = join(disk.folder, "store");
    const sync = new KeyValueSync({ flushIntervalSeconds: 3_600 });
    const backend = fsBackend({ path });
    const store = await KeyValueStore.open({ backend, sync, bufferSizeMb: 0.05 });
    disk.fill();
    const buffered: string[] = [];
    const fill = async (): Promise<void> => {
      for (const key of keys("key", 100)) {
        await store.set(key, VALUE);
        buffered.push(key);
      }
    };
    await rejects("NADB_IO", fill(), "No space left"); // the buffer is full, too
    expect(buffered.length).toBeGreaterThan(10);
    for (const write of [store.flush(), sync.stop(), store.close()]) {
      await rejects("NADB_IO", write, "No space left");
    }
    expect(sync.running).toBe(true);
    const [status] = sync.status().stores;
    expect(status).toMatchObject({ records: buffered.length, lastError: { code: "NADB_IO" } });
    expect((await store.keys()).items).toEqual([...buffered].sort());
    expect((await store.get("key3"))?.length).toBe(VALUE.length);
    disk.makeRoom();
    await store.close();
    const again = await openStore(path, false);
    expect((await again.keys()).items).toEqual([...buffered].sort());
    await checkNamespace(again.storage, Date.now());
  });

  it("no store is made, nothing is left behind, and one is once there is room", async () => {
    const disk = smallDisk();
    const path = join(disk.folder, "store");
    disk.fill();
    const [answer] = await Program.start("open", [path]).rest();
    expect(answer).toMatch(/^NadbError NADB_IO making a store's files in .* bytes are free/);
    disk.makeRoom();
    expect(await Program.start("open", [path]).rest()).toEqual(["open"]);
    expect(readdirSync(path).sort()).toEqual(["data.mdb", "lock.mdb"]);
  });

  it("a store without its lock.mdb is not opened, and stays as it was", async () => {
    const disk = smallDisk();
    const path = join(disk.folder, "store");
    const store = await openStore(path);
    await store.set("before", VALUE);
    await store.close();
    rmSync(join(path, "lock.mdb"));
    disk.fill();
    const [answer] = await Program.start("open", [path]).rest();
    expect(answer).toMatch(/^NadbError NADB_IO .* bytes are free/);
    disk.makeRoom();
    expect(await (await openStore(path, false)).has("before")).toBe(true);
  });

  it("a store that has its lock.mdb is opened and read", async () => {
    const disk = smallDisk();
    const path = join(disk.folder, "store");
    const store = await openStore(path);
    await store.set("before", VALUE);
    await store.close();
    disk.fill();
    const [answer] = await Program.start("open", [path]).rest();
    expect(answer).toMatch(/^NadbError NADB_IO writing to the store .*No space left/);
    expect(await (await openStore(path, false)).has("before")).toBe(true);
  });
});

describe.skipIf(noDisks !== undefined)(`on a disk that is read-only${here}`, () => {
  it("a store is not opened, and none is made", async () => {
    const disk = smallDisk();
    const path = join(disk.folder, "store");
    const store = await KeyValueStore.open({ backend: fsBackend({ path }) });
    await store.set("before", VALUE);
    await store.close();
    disk.makeReadOnly();
    await rejects("NADB_IO", openStore(path), "EROFS");
    await rejects("NADB_IO", openStore(join(disk.folder, "new")), "making a store in");
  });
});
