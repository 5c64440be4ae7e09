// The server is killed with -9 and started again. With appendfsync always it keeps what it has acknowledged, and so do we.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { DURABLE, type Server } from "../servers/index.js";
import { isSound, keys, load, namespace, put, read, server, trueRun } from "./support.js";
import { Writers } from "./writers.js";

const WRITERS = 8;

async function durable(): Promise<Server> {
  return server({ config: DURABLE });
}

const connected = (to: Server, partitions = 1): Promise<StorageNamespace[]> =>
  Promise.all(
    Array.from({ length: WRITERS }, () => namespace({ url: to.url, partitions, retrySeconds: 8 })),
  );

async function killAndRestart(killed: Server): Promise<void> {
  await killed.kill();
  await killed.restart();
}

describe("a server that is killed", () => {
  it.each([1, 4])(
    "during writes keeps every acknowledged one, whole, in %d partitions",
    async (partitions) => {
      const killed = await durable();
      const namespaces = await connected(killed, partitions);
      const writers = new Writers(namespaces);
      for (let time = 0; time < 3; time++) {
        await writers.untilWritten(5);
        await killAndRestart(killed);
      }
      await writers.untilWritten(5);
      await writers.stop();
      const [first] = namespaces as [StorageNamespace];
      await writers.expectKept(first);
      await isSound(first);
    },
  );

  it("while changes are read: the run goes on to a true end", async () => {
    const killed = await durable();
    const [reader, ...others] = (await connected(killed)) as [
      StorageNamespace,
      ...StorageNamespace[],
    ];
    for (let i = 0; i < 10; i++) {
      await reader.commit(keys(200, `r${i}-`).map((key) => put(key, "x".repeat(100))));
    }
    const writers = new Writers(others);
    const run = reader.changes(null, { pageBytes: 4_000 });
    const end = await trueRun(run, async (pages) => {
      if (pages === 10) await killAndRestart(killed);
    });
    expect(end.count).toBeGreaterThanOrEqual(2_000);
    await writers.stop();
    await isSound(reader);
  });

  it("during commits in steps: each of them happens once, and whole", async () => {
    const killed = await durable();
    const options = { url: killed.url, scriptMutations: 100, retrySeconds: 20 };
    const [one, other] = [await namespace(options), await namespace(options)];
    const all = keys(1_000);
    await one.commit(all.map((key) => put(key, "0")));
    for (let round = 1; round <= 4; round++) {
      const before = (await one.head()).version;
      const commit = one.commit(all.map((key) => put(key, round)));
      for (let steps = 0; steps < 5 * round; steps++) await killed.call("PING");
      await killAndRestart(killed);
      const { versions } = await commit;
      expect(versions).toEqual(all.map((_, i) => before + 1 + i));
      expect(new Set(await read(other, ...all))).toEqual(new Set([String(round)]));
    }
    await isSound(other);
  });

  it.each(["replace", "merge"] as const)(
    "during a %s load: the load goes on and is whole",
    async (mode) => {
      const killed = await durable();
      const [loader, other] = (await connected(killed)) as [StorageNamespace, StorageNamespace];
      await loader.commit([put("k00000", "old"), put("there", "old")]);
      const into = await loader[mode]();
      await load(into, keys(600), "new");
      await killed.kill();
      const rest = load(into, keys(600, "l"), "new");
      await killed.restart();
      await rest;
      expect(await read(other, "k00000", "there", "l00001")).toEqual(["old", "old", undefined]);
      const committed = into.commit();
      await killAndRestart(killed);
      const { count } = await committed;
      expect(count).toBe(1_200);
      const there = mode === "replace" ? undefined : "old";
      expect(await read(other, "k00000", "there", "l00001")).toEqual(["new", there, "new"]);
      await isSound(other);
    },
  );
});
