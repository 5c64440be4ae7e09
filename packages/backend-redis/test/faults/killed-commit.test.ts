// The process of a commit in steps is killed at each of them. Whoever comes next goes on: the content is as it was as long as
// nobody decided, it has all of the commit from then on, and never a part of it.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { scripts } from "../../src/scripts.js";
import { type Choice, sharedServer, type When } from "../servers/index.js";
import { is, killLoader } from "./killed.js";
import { isSound, keys, namespace, proxyTo, put, read, trueRun } from "./support.js";

const RECORDS = 900;
const ALL = keys(RECORDS, "{k}");
const OLD = ALL.filter((_, i) => i % 90 === 0);
const PUTS = ALL.map((key) => put(key, "new", ["loaded"]));

const server = sharedServer();

const inSteps = (partitions: number, url = server().url): Promise<StorageNamespace> =>
  namespace({ url, partitions, scriptMutations: 300, retrySeconds: 20 });

async function filled(partitions: number): Promise<StorageNamespace> {
  const one = await inSteps(partitions);
  await one.commit(PUTS); // the server knows all scripts from now on
  await one.commit(ALL.map((key) => ({ type: "delete", key })));
  await one.commit(OLD.map((key) => put(key, "old", ["tag"])));
  return one;
}

const POINTS: [string, When, Choice, "old" | "new"][] = [
  ["before anything was there", "before", is(scripts.stage), "old"],
  ["when a part was there", "after", is(scripts.stage), "old"],
  ["before the partition was frozen", "before", is(scripts.hold), "old"],
  ["when it was frozen", "after", is(scripts.hold), "old"],
  ["before it was decided", "before", is(scripts.decide), "old"],
  ["when it was decided", "after", is(scripts.decide), "new"],
  ["when it was about to be laid over the content", "after", is(scripts.finish), "new"],
  ["half-way through that", "after", is(scripts.merge), "new"],
  ["before its end", "before", is(scripts.end), "new"],
];

describe.each([1, 3])(
  "a commit in steps whose process is killed, in %d partitions",
  (partitions) => {
    it.each(POINTS)("%s: whoever comes finds all or nothing of it", async (_, when, at, then) => {
      const one = await filled(partitions);
      await killLoader(server(), ["commit", partitions, RECORDS], when, at);
      const other = await namespace({ url: server().url });
      const [found, seen] = await Promise.all([
        read(other, ...OLD),
        read(one, ...OLD),
        one.commit([put("later", "1")]),
      ]);
      expect(new Set([...found, ...seen])).toEqual(new Set([then]));
      const loaded = (await other.query({ all: ["loaded"], total: true })).total;
      expect(loaded).toBe(then === "new" ? RECORDS : 0);
      await trueRun(other.changes(null));
      await isSound(one);
      await isSound(other);
    });
  },
);

describe("a commit in steps that stood still", () => {
  it.each([1, 3])(
    "too long for others is given up by them, and happens at its next attempt, in %d partitions",
    async (partitions) => {
      const one = await filled(partitions);
      const proxy = await proxyTo(server());
      const slow = await inSteps(partitions, server().urlAt(proxy.port));
      const cut = proxy.cutAt("before", is(scripts.decide));
      const commit = slow.commit(PUTS);
      commit.catch(() => undefined);
      await cut;
      proxy.refuse();
      await one.commit([put("later", "1")]);
      expect(new Set(await read(one, ...OLD))).toEqual(new Set(["old"]));
      proxy.accept();
      const { versions } = await commit;
      expect(versions).toHaveLength(RECORDS);
      expect(new Set(await read(one, ...ALL))).toEqual(new Set(["new"]));
      await isSound(one);
    },
  );
});
