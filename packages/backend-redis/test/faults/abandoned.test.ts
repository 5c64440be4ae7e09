// Loads and commits in steps whose process is gone. A sweep gives them up an hour after their last sign of life, not before, and
// nothing of them is left; what was decided upon happens.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { scripts } from "../../src/scripts.js";
import { sharedServer } from "../servers/index.js";
import { is } from "./killed.js";
import {
  change,
  failureOf,
  isSound,
  keys,
  load,
  namespace,
  proxyTo,
  put,
  read,
  SHORT,
} from "./support.js";

const server = sharedServer();
const MINUTE = 60_000;
const ALL = keys(300);

async function opened(partitions: number): Promise<StorageNamespace> {
  const one = await namespace({ url: server().url, partitions, scriptMutations: 100 });
  await one.commit([put("{k}there", "1")]);
  const warm = await one.merge(); // the server knows all scripts from now on
  await load(warm, ["warm"], "1");
  await warm.commit();
  return one;
}

async function notedLoads(): Promise<string[]> {
  const fields = (await server().call("HKEYS", "nadb:{shop/orders}")) as string[];
  return fields.filter((field) => field.startsWith("load:"));
}

describe.each([1, 3])("what nobody goes on with, in %d partitions", (partitions) => {
  it.each(["replace", "merge"] as const)(
    "a %s load is given up after an hour, and not before",
    async (mode) => {
      const one = await opened(partitions);
      const into = await one[mode]();
      await load(into, ALL, "new");
      await one.sweep(Date.now() + 59 * MINUTE, 10);
      await load(into, keys(10, "more"), "new");
      expect(await notedLoads()).toHaveLength(1);
      await one.sweep(Date.now() + 61 * MINUTE, 10);
      expect(await notedLoads()).toEqual([]);
      await failureOf(into.put(ALL.map((key) => change(key, "new"))), "NADB_CONFLICT");
      await failureOf(into.commit(), "NADB_CONFLICT");
      expect(await read(one, "{k}there", "k00001")).toEqual(["1", undefined]);
      await isSound(one);
    },
  );

  it.each([
    [
      "a merge",
      async (one: StorageNamespace) => {
        const into = await one.merge();
        await load(into, ALL, "new");
        await into.commit();
      },
      ALL,
    ],
    [
      "a commit in steps",
      (one: StorageNamespace) => one.commit(keys(300, "{k}").map((key) => put(key, "new"))),
      keys(300, "{k}"),
    ],
  ] as const)("%s that was decided upon happens, and leaves nothing", async (_, write, written) => {
    const one = await opened(partitions);
    const proxy = await proxyTo(server());
    const dying = await namespace({
      url: server().urlAt(proxy.port),
      scriptMutations: 100,
      retrySeconds: SHORT,
    });
    const cut = proxy.cutAt("after", is(scripts.decide));
    const work = write(dying);
    work.catch(() => undefined);
    await cut;
    proxy.refuse();
    await failureOf(work as Promise<unknown>, "NADB_COMMIT_UNKNOWN");
    expect(await notedLoads()).toHaveLength(1);
    await one.sweep(Date.now() + 61 * MINUTE, 10);
    expect(await notedLoads()).toEqual([]);
    expect(new Set(await read(one, ...written))).toEqual(new Set(["new"]));
    await isSound(one);
  });
});
