// A run from the beginning, read between marks while records move from one end of the feed to the other.
import { seeded, seedOfRun } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { scripts } from "../src/scripts.js";
import { isSound, keys, namespace, proxyTo, put, remove, trueRun } from "./faults/support.js";
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

describe("each page of a run", () => {
  it("names the newest of all that was read before, so that a server which has lost it is refused", async () => {
    const proxy = await proxyTo(server());
    const one = await namespace({ url: server().urlAt(proxy.port), prefix: "points" });
    await one.commit(ALL.map((key) => put(key, "1")));
    const { checkpoint } = await one.head();
    await one.commit(ALL.slice(0, 1_200).map(remove));
    const asked: { readonly behind: readonly number[]; readonly point: number }[] = [];
    void proxy.cutAt("before", ({ args }) => {
      const [sha, , , , , after, buriedAfter, , , point] = args.map(String);
      if (sha !== scripts.page.sha) return false;
      const behind = [Number(after), Number(buriedAfter) || 0];
      asked.push({ behind, point: Number(point?.split(":")[1]) });
      return false;
    });
    for await (const _ of one.changes(checkpoint));
    await trueRun(one.changes(null));
    expect(asked.length).toBeGreaterThan(5);
    for (const { behind, point } of asked)
      expect(point).toBeGreaterThanOrEqual(Math.max(...behind));
  });
});
