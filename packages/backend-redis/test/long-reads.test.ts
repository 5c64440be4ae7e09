// Reads of more than one script takes: no script reads much, and what one call reads is of one instant all the same.
import type { StorageNamespace } from "@nadb/core";
import { isNadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { scripts } from "../src/scripts.js";
import { is } from "./faults/killed.js";
import { change, keys, namespace, proxyTo, put, read, remove } from "./faults/support.js";
import { type RedisProxy, type Request, sharedServer } from "./servers/index.js";

const server = sharedServer();
const MEBIBYTE = 1 << 20;
/** Three scripts' worth. */
const LARGE = keys(12);
const largePut = (key: string) => put(key, "x".repeat(MEBIBYTE));

interface Place {
  readonly direct: StorageNamespace;
  /** By way of the proxy. */
  readonly one: StorageNamespace;
  readonly proxy: RedisProxy;
}

async function place(): Promise<Place> {
  const proxy = await proxyTo(server());
  const direct = await namespace({ url: server().url });
  for (const key of LARGE) await direct.commit([largePut(key)]);
  const one = await namespace({ url: server().urlAt(proxy.port) });
  await one.head(); // it knows the namespace from now on, so reads of one turn go down together
  return { direct, one, proxy };
}

/** Answers how often the script is asked for while work is done. */
async function count(
  { proxy }: Place,
  script: { readonly sha: string },
  work: () => Promise<unknown>,
): Promise<number> {
  let calls = 0;
  void proxy.cutAt("before", (request) => {
    if (is(script)(request)) calls++;
    return false;
  });
  await work();
  return calls;
}

describe("records of a mebibyte", () => {
  it.each([
    ["by one call", (one: StorageNamespace) => one.getMany(LARGE)],
    [
      "each by a call of its own",
      (one: StorageNamespace) => Promise.all(LARGE.map((key) => one.getMany([key]))),
    ],
  ])("are read %s in scripts of some mebibytes", async (_, readAll) => {
    const found = await place();
    let lengths: (number | undefined)[] = [];
    const calls = await count(found, scripts.get, async () => {
      const records = (await readAll(found.one)).flat();
      lengths = records.map((record) => record?.value.length);
    });
    expect(lengths).toEqual(LARGE.map(() => MEBIBYTE));
    expect(calls).toBe(LARGE.length / 4);
  });

  it("are merged in scripts of some mebibytes", async () => {
    const found = await place();
    const into = await found.one.merge();
    await into.put(LARGE.map((key) => change(key, "y".repeat(MEBIBYTE))));
    const calls = await count(found, scripts.merge, () => into.commit());
    expect(calls).toBe(LARGE.length / 4);
    expect((await found.direct.getMany(LARGE)).map((record) => record?.value[0])).toEqual(
      LARGE.map(() => "y".charCodeAt(0)),
    );
  });

  it.each([
    ["a commit", (one: StorageNamespace) => one.commit(LARGE.map((key) => put(key, "new")))],
    ["a replace by nothing", async (one: StorageNamespace) => (await one.replace()).commit()],
  ])("are of one instant when %s comes between two scripts", async (_, write) => {
    const { direct, one, proxy } = await place();
    const isFirst = (asked: Request): boolean => asked.args.length > LARGE.length + 5;
    const cut = proxy.cutAt("before", (asked) => is(scripts.get)(asked) && !isFirst(asked));
    const reading = one.getMany(LARGE);
    reading.catch(() => undefined);
    await cut;
    proxy.refuse();
    await write(direct);
    proxy.accept();
    const lengths = (await reading).map((record) => record?.value.length);
    expect(new Set(lengths).size).toBe(1);
  });
});

describe("a page of keys that takes several scripts", () => {
  const MANY = keys(2_500);
  const TAG = "t";

  const WRITES = {
    "a commit in steps": (one: StorageNamespace) => one.commit(MANY.map(remove)),
    "a replace by nothing": async (one: StorageNamespace) => (await one.replace()).commit(),
  };
  const PAGES = {
    keys: { script: scripts.list, of: (one: StorageNamespace) => one.keys({ limit: 5_000 }) },
    query: {
      script: scripts.query,
      of: (one: StorageNamespace) => one.query({ all: [TAG], limit: 5_000 }),
    },
  };

  it.each(
    (Object.keys(PAGES) as (keyof typeof PAGES)[]).flatMap((kind) =>
      (Object.keys(WRITES) as (keyof typeof WRITES)[]).map((write) => [kind, write] as const),
    ),
  )("of %s is of one instant when %s comes between them", async (kind, write) => {
    const direct = await namespace({ url: server().url });
    await direct.commit(MANY.map((key) => put(key, "1", [TAG])));
    const proxy = await proxyTo(server());
    const one = await namespace({ url: server().urlAt(proxy.port) });
    await PAGES[kind].of(one); // the server knows the script from now on
    let asked = 0;
    const cut = proxy.cutAt(
      "before",
      (request) => is(PAGES[kind].script)(request) && ++asked === 2,
    );
    const page = PAGES[kind].of(one);
    page.catch(() => undefined);
    await cut;
    proxy.refuse();
    await WRITES[write](direct);
    proxy.accept();
    expect((await page).items).toEqual([]);
  });
});

describe("a record that is damaged", () => {
  it("fails its own read, and not those that share a script with it", async () => {
    const one = await namespace({ url: server().url });
    await one.commit(keys(8).map((key) => put(key, "1")));
    const { generation } = await one.head();
    await server().call("HDEL", `nadb:{shop/orders}:${generation}:r:k00003`, "value");
    await server().call("DEL", `nadb:{shop/orders}:${generation}:r:k00004`);
    await server().call("SET", `nadb:{shop/orders}:${generation}:r:k00004`, "not a hash");
    const results = await Promise.allSettled(keys(8).map((key) => read(one, key)));
    const damaged = results.flatMap((result, i) => {
      if (result.status === "fulfilled") return [];
      expect(isNadbError(result.reason, "NADB_CORRUPTION")).toBe(true);
      return [i];
    });
    expect(damaged).toEqual([3, 4]);
  });
});
