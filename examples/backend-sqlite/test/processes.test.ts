// Several processes on one file.
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { keysOf, newFolder, openStore, startWriter } from "./support.js";

describe("several processes on one file", () => {
  it("make the store once and lose no commit", async () => {
    const path = join(newFolder(), "store.db");
    const names = ["a", "b", "c", "d"];
    const written = await Promise.all(names.map((name) => keysOf(startWriter(path, name, 50))));
    const store = await openStore(path, false);
    const { items } = await store.keys({ limit: 1000 });
    expect(items).toEqual(written.flat().sort());
    expect(items).toHaveLength(200);
    await checkNamespace(store.storage, Date.now());
  });

  it("a reader sees one state in a run while another process writes", async () => {
    const path = join(newFolder(), "store.db");
    const store = await openStore(path);
    const writer = keysOf(startWriter(path, "a", 300));
    let writing = true;
    const done = writer.finally(() => {
      writing = false;
    });
    while (writing) {
      await setImmediate(); // what happens meanwhile is heard between two runs
      let count = 0;
      for await (const { changes, end } of store.storage.changes(null, { pageBytes: 500 })) {
        count += changes.length;
        if (end !== undefined) expect(end.count).toBe(count);
      }
    }
    expect(await done).toHaveLength(300);
    expect((await store.stats()).count).toBe(300);
  });

  it("a process that is killed loses nothing that it was told is durable", async () => {
    const path = join(newFolder(), "store.db");
    const told: string[] = [];
    for (const [round, keys] of [1, 7, 20, 40, 90].entries()) {
      const writer = startWriter(path, `round${round}`, 100_000);
      told.push(...(await keysOf(writer, (count) => count >= keys && writer.kill("SIGKILL"))));
    }
    expect(told.length).toBeGreaterThanOrEqual(158);
    const store = await openStore(path, false);
    expect([...(await store.getMany(told)).keys()].sort()).toEqual(told.sort());
    await checkNamespace(store.storage, Date.now());
  });
});
