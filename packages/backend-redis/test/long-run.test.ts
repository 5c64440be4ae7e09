// A run from the beginning, read between marks while records move from one end of the feed to the other.
import { seeded, seedOfRun } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { isSound, keys, namespace, put, remove, trueRun } from "./faults/support.js";
import { sharedServer } from "./servers/index.js";

const server = sharedServer();
const RECORDS = 2_600;
const ALL = keys(RECORDS, "{k}");

describe.each([1, 3])("a run from the beginning, in %d partitions", (partitions) => {
  it.each([
    ["a page for each record, and more marks than one script looks for", 1],
    ["pages that are full before their mark", 5_000],
    ["pages from mark to mark", 1 << 20],
  ])("is what was there at its end, by %s", async (_, pageBytes) => {
    const random = seeded(seedOfRun());
    const one = await namespace({
      url: server().url,
      prefix: `run${partitions}${pageBytes}`,
      partitions,
    });
    const value = (): string => "x".repeat(random.int(300));
    await one.commit(ALL.map((key) => put(key, value())));
    let writes = 0;
    await trueRun(one.changes(null, { pageBytes }), async (pages) => {
      if (writes >= 200 || random.int(pageBytes === 1 ? 10 : 1) > 0) return;
      writes++;
      const key = random.pick(ALL);
      await one.commit([random.int(3) === 0 ? remove(key) : put(key, `${value()}${pages}`)]);
    });
    expect(writes).toBeGreaterThan(1);
    await isSound(one);
  });
});
