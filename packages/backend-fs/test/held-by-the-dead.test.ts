// What the dead held stands in nobody's way: neither a writer's lock nor a reader's view.
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { filledFolder, openStore, sizeOf } from "./folders.js";
import { Program } from "./program.js";

describe("a writer killed inside its transaction", () => {
  it("leaves nothing of it, and does not block the next, whether or not that was waiting", async () => {
    const folder = await filledFolder(3);
    for (const waiting of [true, false]) {
      const store = await openStore(folder);
      const before = await store.stats();
      const stuck = Program.start("stuck", [folder]);
      expect(await stuck.line()).toBe("in the transaction");
      const early = waiting ? store.set("next", "1") : undefined;
      await stuck.kill();
      await (early ?? store.set("next", "1"));
      expect(await store.has("a")).toBe(false);
      expect((await store.stats()).count).toBe(before.count + 1);
      await checkNamespace(store.storage, Date.now());
      await store.delete("next");
      await store.close();
    }
  });
});

describe("readers killed in the middle of a run", () => {
  const VALUE = new Uint8Array(4_000);

  it("do not hold on to what they read: the file stops growing", async () => {
    const folder = await filledFolder(500);
    const store = await openStore(folder);
    const overwrite = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await store.setMany(Array.from({ length: 20 }, (_, k) => ({ key: `k${k}`, value: VALUE })));
      }
    };
    const readers = Array.from({ length: 20 }, () => Program.start("run", [folder]));
    for (const reader of readers) expect(await reader.line()).toBe("paused");
    await overwrite(10);
    await Promise.all(readers.map((reader) => reader.kill()));
    await Program.start("open", [folder]).end(); // whoever opens clears their places
    await overwrite(10);
    const size = sizeOf(folder);
    await overwrite(100); // 8 MB, if nothing could be used again
    expect(sizeOf(folder)).toBeLessThan(size + 1_000_000);
    await checkNamespace(store.storage, Date.now());
  });
});
