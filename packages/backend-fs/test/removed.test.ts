// A folder, or data.mdb, that somebody removes under an open store: what goes into a file without a name is lost with the
// last descriptor, so nothing is acknowledged any more. What was written can be read until the store is closed.
import { existsSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { KeyValueStore, KeyValueSync } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { fsBackend } from "../src/index.js";
import { contentOf, newFolder, openStore } from "./folders.js";
import { rejects } from "./refuses.js";

const REMOVED = "its data.mdb has been removed";

/** As `rm -r` would, but nothing besides a store's own files. */
function removeStore(path: string): void {
  for (const file of ["data.mdb", "lock.mdb"]) rmSync(join(path, file));
  rmdirSync(path);
}

/** An open store with one record, in a folder of that. */
async function storeIn(folder: string): Promise<{ store: KeyValueStore; path: string }> {
  const path = join(folder, "store");
  const store = await openStore(path);
  await store.set("before", "1");
  return { store, path };
}

const WAYS: [string, (folder: string) => void][] = [
  ["its folder is removed", (folder) => removeStore(join(folder, "store"))],
  ["data.mdb is removed", (folder) => rmSync(join(folder, "store", "data.mdb"))],
];

describe("a store of which", () => {
  it.each(WAYS)("%s refuses every write, and can be read and closed", async (_way, remove) => {
    const folder = newFolder();
    const { store } = await storeIn(folder);
    remove(folder);
    const writes: Promise<unknown>[] = [
      store.set("after", "1"),
      store.setMany([{ key: "after", value: "1" }]),
      store.delete("before"),
      store.touch("before", { ttlSeconds: 1 }),
      store.transaction((tx) => tx.set("after", "1")),
      store.clear(),
    ];
    for (const write of writes) await rejects("NADB_IO", write, REMOVED);
    expect((await store.keys()).items).toEqual(["before"]);
    await store.close();
  });

  it("data.mdb is replaced by another's refuses writes, and leaves that alone", async () => {
    const folder = newFolder();
    const { store, path } = await storeIn(folder);
    const other = await openStore(join(folder, "other"));
    await other.set("theirs", "1");
    await other.close();
    renameSync(join(folder, "other", "data.mdb"), join(path, "data.mdb"));
    const before = contentOf(path)["data.mdb"];
    await rejects("NADB_IO", store.set("after", "1"), REMOVED);
    await store.close();
    expect(contentOf(path)["data.mdb"]).toBe(before);
  });

  it("the folder is removed while a commit is under way acknowledges none of its writes", async () => {
    const path = join(newFolder(), "store");
    let inCommit = (): void => {};
    const clock = (): number => {
      inCommit(); // a commit asks for the time inside its transaction
      return Date.now();
    };
    const backend = fsBackend({ path, clock });
    const store = await KeyValueStore.open({ backend });
    await store.set("before", "1");
    inCommit = () => {
      inCommit = () => {};
      removeStore(path);
    };
    const writes = Array.from({ length: 64 }, (_, i) => store.set(`key${i}`, "1"));
    for (const one of writes) await rejects("NADB_IO", one, REMOVED);
    await store.close();
  });

  it("the folder is renamed goes on: nothing of it is lost", async () => {
    const folder = newFolder();
    const { store, path } = await storeIn(folder);
    renameSync(path, join(folder, "moved"));
    await store.set("after", "1");
    await store.close();
    const moved = await openStore(join(folder, "moved"), false);
    expect((await moved.keys()).items).toEqual(["after", "before"]);
    expect(existsSync(path)).toBe(false);
  });

  it("the folder is removed keeps what is buffered, and says so", async () => {
    const folder = newFolder();
    const path = join(folder, "store");
    const sync = new KeyValueSync({ flushIntervalSeconds: 3_600 });
    const backend = fsBackend({ path });
    const store = await KeyValueStore.open({ backend, sync });
    await store.set("buffered", "1");
    removeStore(path);
    for (const end of [store.flush(), sync.stop(), store.close()]) {
      await rejects("NADB_IO", end, REMOVED);
    }
    expect(sync.status().stores).toMatchObject([{ records: 1, lastError: { code: "NADB_IO" } }]);
    expect(await store.has("buffered")).toBe(true);
    await backend.close();
  });

  it("the folder is removed leaves the name free for a new one", async () => {
    const folder = newFolder();
    const { store, path } = await storeIn(folder);
    removeStore(path);
    const other = await openStore(path);
    await other.set("new", "1");
    await rejects("NADB_IO", store.set("after", "1"), REMOVED);
    await store.close();
    expect((await other.keys()).items).toEqual(["new"]);
  });
});

describe("a store whose folder is removed between open and the next open", () => {
  it("is not there", async () => {
    const folder = newFolder();
    const { store, path } = await storeIn(folder);
    await store.close();
    removeStore(path);
    await rejects("NADB_NOT_A_STORE", openStore(path, false), `there is no store in ${path}`);
  });
});
