// What is large: a value, a number of tags, a store.
import { createHash, randomBytes } from "node:crypto";
import { everyPage } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { filledFolder, newFolder, openStore, sizeOf } from "./folders.js";
import { Program } from "./program.js";

const MIB = 1 << 20;
const hash = (bytes: Uint8Array | undefined): string =>
  createHash("sha256")
    .update(bytes ?? "")
    .digest("hex");

describe("a value of 64 MiB", () => {
  it("comes back as it was, is replaced, and leaves room for the next", async () => {
    const store = await openStore(newFolder());
    const [first, second] = [randomBytes(64 * MIB), randomBytes(64 * MIB)];
    await store.set("large", first, { tags: ["large"] });
    const read = await store.get("large");
    expect(hash(read)).toBe(hash(first));
    await store.set("large", second);
    expect(hash(await store.get("large"))).toBe(hash(second));
    expect(hash(read)).toBe(hash(first));
    expect((await store.stats()).bytes).toBe(64 * MIB);
    expect(await store.delete("large")).toBe(true);
  });

  it("comes in a run, beside small ones", async () => {
    const store = await openStore(await filledFolder(10));
    await store.set("key5", new Uint8Array(64 * MIB));
    let [bytes, count] = [0, 0];
    for await (const { changes } of store.storage.changes(null)) {
      for (const change of changes) bytes += change.length;
      count += changes.length;
    }
    expect(count).toBe(10);
    expect(bytes).toBeGreaterThan(64 * MIB);
  });
});

describe("10,000 tags", () => {
  it("in one namespace are each found, counted and forgotten", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    const entries = Array.from({ length: 10_000 }, (_, i) => ({
      key: `key${i}`,
      value: "value",
      tags: [`tag${i}`, `group${i % 100}`],
    }));
    await store.setMany(entries);
    const tags = await store.listTags();
    expect([tags.size, tags.get("tag77"), tags.get("group77")]).toEqual([10_100, 1, 100]);
    expect((await store.queryByTags({ all: ["group77", "tag177"] })).items).toEqual(["key177"]);
    await store.deleteMany(entries.filter((_, i) => i % 100 === 77).map(({ key }) => key));
    expect((await store.listTags()).size).toBe(10_000 - 100 + 99);
  });
});

describe("a store that grows to 200 MiB", () => {
  it("is read by another process all the while, which sees each commit whole", async () => {
    const folder = await filledFolder(10);
    const store = await openStore(folder);
    const reader = Program.start("read", [folder]);
    expect(await reader.line()).toBe("ready");
    const value = randomBytes(MIB);
    for (let i = 0; i < 25; i++) {
      const entries = Array.from({ length: 8 }, (_, k) => ({ key: `large${i}:${k}`, value }));
      await store.setMany([...entries, { key: "key", value: `step ${i}` }]);
      reader.tell("key");
      expect(await reader.line()).toBe(`step ${i}`);
    }
    await reader.end();
    expect(sizeOf(folder)).toBeGreaterThan(200 * MIB);
    let found = 0;
    for await (const key of everyPage((from) => store.keys({ prefix: "large", ...from }))) {
      expect(hash(await store.get(key))).toBe(hash(value));
      found += 1;
    }
    expect(found).toBe(200);
  }, 120_000);
});
