// A slot of a cluster moves to another server. While each of the two holds a part of a partition, nothing is read or written
// there: whoever comes waits, or is told. What is begun before or behind is whole.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Server, type SlotMove, sharedCluster } from "../servers/index.js";
import {
  failureOf,
  isSound,
  keys,
  load,
  namespace,
  put,
  read,
  remove,
  SHORT,
  trueRun,
} from "./support.js";
import { Writers } from "./writers.js";

const cluster = sharedCluster({ masters: 3, replicas: 0 });

/** The slot of the only partition, and of its root. */
const TAG = "{shop/orders}";

async function move(tag = TAG): Promise<Pick<SlotMove, "finish" | "moveKeys">> {
  const slot = await cluster().slotOf(tag);
  const from = await cluster().masterOf(slot);
  const to = cluster().nodes.find((node) => node !== from) as Server;
  const moving = await cluster().beginMove(slot, to);
  let isOver = false;
  const finish = async (): Promise<void> => {
    if (!isOver) await moving.finish();
    isOver = true;
  };
  onTestFinished(finish);
  return { finish, moveKeys: (count) => moving.moveKeys(count) };
}

const filled = async (): Promise<StorageNamespace> => {
  const one = await namespace({ url: cluster().url });
  await one.commit(keys(200).map((key) => put(key, "1", ["tag"])));
  return one;
};

const hasty = (): Promise<StorageNamespace> =>
  namespace({ url: cluster().url, retrySeconds: SHORT });

describe("a slot that moves", () => {
  it.each([0, 1, 50, 1_000])(
    "with %d keys ahead lets nothing be half read or half written",
    async (ahead) => {
      const one = await filled();
      const before = await one.head();
      const moving = await move();
      if (ahead > 0) await moving.moveKeys(ahead);
      const other = await hasty();
      const calls = [
        other.commit([put("new", "2"), put("k00001", "2"), remove("k00002")]),
        other.commit([put("k00003", "2", ["new"])]),
        other.head(),
        other.getMany(["k00001", "none"]),
        other.keys(),
        other.query({ all: ["tag"] }),
        other.tags(),
        trueRun(other.changes(null)),
        other.sweep(Date.now(), 10),
      ];
      for (const call of calls) call.catch(() => undefined);
      const failures = await Promise.all(calls.map((call) => failureOf(call, "NADB_IO")));
      for (const { hint } of failures) expect(hint).toContain("slot");
      await moving.finish();
      expect(await one.head()).toEqual(before);
      await isSound(one);
      await other.commit([put("new", "2"), put("k00001", "2"), remove("k00002")]);
      expect(await read(one, "new", "k00001", "k00002")).toEqual(["2", "2", undefined]);
      await isSound(one);
    },
  );

  it("while eight write loses and doubles nothing", async () => {
    const namespaces = await Promise.all(
      Array.from({ length: 8 }, () => namespace({ url: cluster().url, partitions: 3 })),
    );
    const writers = new Writers(namespaces);
    for (let round = 0; round < 4; round++) {
      await writers.untilWritten(3);
      const moving = await move(`{shop/orders/${round % 3}}`);
      await moving.moveKeys(3);
      await moving.finish();
    }
    await writers.untilWritten(3);
    await writers.stop();
    const [one] = namespaces as [StorageNamespace];
    await writers.expectKept(one);
    await isSound(one);
  });

  it("during a backup: the run goes on to its end", async () => {
    const one = await filled();
    const writer = await namespace({ url: cluster().url });
    const end = await trueRun(one.changes(null, { pageBytes: 500 }), async (pages) => {
      if (pages === 2) await (await move()).finish();
      if (pages < 5) await writer.commit([put(`new${pages}`, "2"), remove(`k0000${pages}`)]);
    });
    expect(end.count).toBe(200);
  });

  it.each(["replace", "merge"] as const)("during a %s load: it goes on", async (mode) => {
    const one = await filled();
    const into = await one[mode]();
    await load(into, keys(300, "l"), "2");
    const moving = await move();
    await moving.moveKeys(100);
    const rest = load(into, keys(300, "m"), "2");
    await moving.finish();
    await rest;
    const next = await move();
    await next.moveKeys(10);
    const committed = into.commit();
    await next.finish();
    expect((await committed).count).toBe(600);
    const there = mode === "replace" ? undefined : "1";
    expect(await read(one, "k00001", "l00001", "m00001")).toEqual([there, "2", "2"]);
    await isSound(one);
  });

  it("during a commit in steps: it happens once, and whole", async () => {
    const [one, two] = [
      await filled(),
      await namespace({ url: cluster().url, scriptMutations: 20 }),
    ];
    for (let round = 0; round < 4; round++) {
      const moving = await move();
      const commit = two.commit(keys(200).map((key) => put(key, `new${round}`)));
      await moving.moveKeys(100 * round);
      await moving.finish();
      const { versions } = await commit;
      expect((await one.getMany(keys(200))).map((record) => record?.version)).toEqual(versions);
      expect(new Set(await read(one, ...keys(200)))).toEqual(new Set([`new${round}`]));
    }
    await isSound(one);
  });

  it("where there is no namespace yet: one is made when it has moved", async () => {
    const one = await namespace({ url: cluster().url });
    const moving = await move();
    const commit = one.commit([put("a", "1")]);
    await moving.finish();
    await commit;
    expect(await read(one, "a")).toEqual(["1"]);
    await isSound(one);
  });
});
