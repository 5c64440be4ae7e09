// The process of a load is killed at each point of its commit. Whoever comes next goes on: the content is the old one as long
// as nobody decided, the new one from then on, and never something in between.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { scripts } from "../../src/scripts.js";
import { type Choice, sharedServer, type When } from "../servers/index.js";
import { is, killLoader } from "./killed.js";
import {
  failureOf,
  isSound,
  keys,
  load,
  namespace,
  proxyTo,
  put,
  read,
  trueRun,
} from "./support.js";

const RECORDS = 900;
const OLD = keys(40, "old");
/** Of the records that are loaded, too. */
const COMMON = keys(RECORDS).filter((_, i) => i % 90 === 0);

const server = sharedServer();

async function filled(partitions: number): Promise<StorageNamespace> {
  const one = await namespace({ url: server().url, partitions });
  const warm = await one.merge(); // the server knows all scripts from now on
  await load(warm, keys(1, "warm"), "old");
  await warm.commit();
  await Promise.all([...OLD, ...COMMON].map((key) => one.commit([put(key, "old", ["tag"])])));
  return one;
}

const POINTS: [string, When, Choice, "old" | "new", ("replace" | "merge")[]][] = [
  ["before it froze anything", "before", is(scripts.freeze), "old", ["replace", "merge"]],
  ["when it had frozen a part", "after", is(scripts.freeze), "old", ["replace", "merge"]],
  ["between freezing and deciding", "before", is(scripts.decide), "old", ["replace", "merge"]],
  ["when it had decided", "after", is(scripts.decide), "new", ["replace", "merge"]],
  ["when it had finished a part", "after", is(scripts.finish), "new", ["replace", "merge"]],
  ["half-way through merging", "after", is(scripts.merge), "new", ["merge"]],
];

describe.each([1, 3])("a load whose process is killed, in %d partitions", (partitions) => {
  const cases = POINTS.flatMap(([what, when, at, then, modes]) =>
    modes.map((mode) => [mode, what, when, at, then] as const),
  );

  it.each(cases)(
    "%s, %s: whoever comes finds all or nothing of it",
    async (mode, _, when, at, then) => {
      const one = await filled(partitions);
      await killLoader(server(), [mode, partitions, RECORDS], when, at);
      const other = await namespace({ url: server().url });
      const [found, seen] = await Promise.all([
        read(other, ...COMMON),
        read(one, ...COMMON),
        one.commit([put("later", "1")]),
      ]);
      expect(new Set([...found, ...seen])).toEqual(new Set([then]));
      const gone = then === "new" && mode === "replace";
      expect(new Set(await read(other, ...OLD))).toEqual(new Set([gone ? undefined : "old"]));
      const loaded = (await other.query({ all: ["loaded"], total: true })).total;
      expect(loaded).toBe((then === "new" ? RECORDS : 0) + (gone ? 0 : 1));
      expect(await read(one, "later")).toEqual(["1"]);
      await trueRun(other.changes(null));
      await isSound(one);
      await isSound(other);
    },
  );
});

describe("a load that stood still", () => {
  it.each([1, 3])("too long for others is told, in %d partitions", async (partitions) => {
    const one = await filled(partitions);
    const proxy = await proxyTo(server());
    const slow = await namespace({ url: server().urlAt(proxy.port), retrySeconds: 20 });
    const into = await slow.replace();
    await load(into, keys(RECORDS), "new");
    const cut = proxy.cutAt("before", is(scripts.decide));
    const commit = into.commit();
    commit.catch(() => undefined);
    await cut;
    proxy.refuse();
    await one.commit([put("later", "1")]);
    expect(new Set(await read(one, ...COMMON))).toEqual(new Set(["old"]));
    proxy.accept();
    await failureOf(commit, "NADB_CONFLICT");
    const again = await slow.replace();
    await load(again, keys(RECORDS), "new");
    await again.commit();
    expect(new Set(await read(one, ...COMMON))).toEqual(new Set(["new"]));
    await isSound(one);
  });
});
