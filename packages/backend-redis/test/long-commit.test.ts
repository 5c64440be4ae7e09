// Commits of any length: in steps that keep nobody from the server for long, and still whole, at once, and as they would be
// in one script.
import type { Mutation, StorageNamespace } from "@nadb/core";
import { isNadbError } from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RedisBackendOptions, redisBackend } from "../src/index.js";
import { scripts } from "../src/scripts.js";
import { is } from "./faults/killed.js";
import { change, keys } from "./faults/support.js";
import { type Request, sharedServer, startProxy, until } from "./servers/index.js";

const server = sharedServer();
const MANY = 3_000;
const NOW = 1_700_000_000_000;

async function open(options: Partial<RedisBackendOptions> = {}): Promise<StorageNamespace> {
  const backend = redisBackend({ url: server().url, ...options });
  onTestFinished(() => backend.close());
  await backend.open();
  return backend.namespace({ db: "long", namespace: "commits" });
}

const key = (i: number): string => `{one}${i}`;
const put = (i: number, value: string): Mutation => ({
  type: "put",
  key: key(i),
  value: Buffer.from(value),
  tags: [`t${i % 7}`],
});
const remove = (i: number): Mutation => ({ type: "delete", key: key(i) });
const puts = (value: string): Mutation[] => Array.from({ length: MANY }, (_, i) => put(i, value));

/** Puts of what is new or there; deletes of what is there, was never, or comes again. */
const MIXED = [
  ...Array.from({ length: MANY }, (_, i) => (i % 3 === 0 ? remove(i) : put(i, "new"))),
  ...Array.from({ length: 200 }, (_, i) => remove(10 * MANY + i)),
  ...Array.from({ length: 50 }, (_, i) => put(3 * i, "again")),
];

const records = (of: StorageNamespace): Promise<unknown> =>
  of.getMany(Array.from({ length: MANY }, (_, i) => key(i)));

describe.each([1, 4])("a commit of thousands, in %d partitions", (partitions) => {
  it("answers and does what it would in one script", async () => {
    const results = [];
    for (const [prefix, scriptMutations] of [
      ["whole", 100_000],
      ["steps", 1_000],
    ] as const) {
      let now = NOW;
      const one = await open({ prefix, scriptMutations, partitions, clock: () => now });
      await one.commit(puts("old").slice(0, MANY / 2));
      now += 2_000;
      const { versions } = await one.commit(MIXED);
      const { count, bytes, digest, version } = await one.head();
      results.push({ versions, count, bytes, digest, version, records: await records(one) });
      await checkNamespace(one, now);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]?.versions).toContain(undefined);
  });

  it("is seen whole or not at all", async () => {
    const [writer, reader] = [await open({ partitions }), await open({ partitions })];
    await writer.commit(puts("0"));
    let isOver = false;
    const write = async (): Promise<void> => {
      for (let round = 1; round <= 5; round++) await writer.commit(puts(`${round}`));
    };
    const writing = write().finally(() => {
      isOver = true;
    });
    const last = [0, 1_499, MANY - 1].map(key);
    for (let seen = 0; !isOver; seen++) {
      const values = (await reader.getMany(last)).map((one) => String(one?.value));
      expect(new Set(values).size, `reading ${seen}`).toBe(1);
    }
    await writing;
    await checkNamespace(reader, Date.now());
  });
});

describe("a commit of thousands", () => {
  it("goes in scripts of some hundred mutations", async () => {
    const proxy = await startProxy(server().port);
    onTestFinished(() => proxy.close());
    const one = await open({ url: server().urlAt(proxy.port), prefix: "counted" });
    const longest: number[] = [];
    void proxy.cutAt("before", ({ args }: Request) => {
      longest.push(args.length);
      return false;
    });
    await one.commit(puts("1"));
    await one
      .commit(puts("2"), { expect: puts("").map(({ key }) => ({ key, version: 1 })) })
      .catch(() => undefined);
    expect(Math.max(...longest)).toBeLessThan(2_100);
    expect(longest.filter((length) => length > 1_000).length).toBeGreaterThan(10);
  });

  it("goes in as many scripts as its tags and expectations need", async () => {
    const proxy = await startProxy(server().port);
    onTestFinished(() => proxy.close());
    const one = await open({ url: server().urlAt(proxy.port), prefix: "tagged" });
    const [tags, expectations] = [[] as number[], [] as number[]];
    void proxy.cutAt("before", ({ args }: Request) => {
      const texts = args.map(String);
      const lists = texts.filter((text) => text.startsWith('["'));
      tags.push(lists.reduce((sum, list) => sum + list.split(",").length, 0));
      expectations.push(texts.filter((text) => text.startsWith("none")).length);
      return false;
    });
    const many = Array.from({ length: 200 }, (_, i) => `t${i}`);
    const tagged = Array.from(
      { length: 90 },
      (_, i): Mutation => ({ ...put(i, "1"), tags: many }) as Mutation,
    );
    const { versions } = await one.commit(tagged);
    expect(versions).toEqual(tagged.map((_, i) => i + 1));
    await Promise.all(tagged.map((single) => one.commit([single])));
    await Promise.all(
      tagged.map((_, i) =>
        one.commit([put(i, "3")], {
          expect: Array.from({ length: 100 }, (_, n) => ({ key: `none${i}-${n}`, version: null })),
        }),
      ),
    );
    expect(Math.max(...tags)).toBe(400);
    expect(Math.max(...expectations)).toBe(200);
    await checkNamespace(one, Date.now());
  });

  it("that expects what is not so names it, changes nothing, and leaves nothing", async () => {
    const one = await open({ prefix: "expects" });
    const { versions } = await one.commit(puts("old"));
    const before = await one.head();
    const keys = (): Promise<unknown> => server().call("KEYS", "expects:*:chunks");
    await until("that what was left is gone", async () => `${await keys()}` === "" || undefined);
    const expectations = versions.map((version, i) => ({ key: key(i), version: version ?? null }));
    expectations[2_345] = { key: key(2_345), version: null };
    const failure = await one
      .commit(puts("new"), { expect: expectations })
      .catch((e: unknown) => e);
    if (!isNadbError(failure, "NADB_CONFLICT")) throw failure;
    expect(failure.message).toContain(key(2_345));
    expect(await one.head()).toEqual(before);
    await until("that what was left is gone", async () => `${await keys()}` === "" || undefined);
    expectations[2_345] = { key: key(2_345), version: versions[2_345] ?? null };
    await one.commit(puts("new"), { expect: expectations });
    await checkNamespace(one, Date.now());
  });

  it("under an id happens once, however often and from wherever it is asked for", async () => {
    const [one, other] = [await open({ prefix: "once" }), await open({ prefix: "once" })];
    const id = "the-same";
    const results = await Promise.all([
      one.commit(MIXED, { id }),
      other.commit(MIXED, { id }),
      one.commit(MIXED, { id }),
    ]);
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    const short = await open({ prefix: "once", scriptMutations: 100_000 });
    expect(await short.commit(MIXED, { id })).toEqual(results[0]);
    await checkNamespace(one, Date.now());
  });

  it("answers with the versions it has given, also while a replacing load gathers", async () => {
    const proxy = await startProxy(server().port);
    onTestFinished(() => proxy.close());
    const [one, other] = [await open({ url: server().urlAt(proxy.port) }), await open()];
    await one.commit(puts("0")); // the server knows all scripts from now on
    const load = await other.replace();
    await load.put([change("first", "1")]);
    const cut = proxy.cutAt("after", is(scripts.merge));
    const commit = one.commit(puts("1"));
    commit.catch(() => undefined);
    await cut;
    proxy.refuse();
    await load.put(keys(300).map((key) => change(key, "1")));
    proxy.accept();
    const { versions } = await commit;
    const found = await other.getMany(Array.from({ length: MANY }, (_, i) => key(i)));
    expect(found.map((record) => record?.version)).toEqual(versions);
    await checkNamespace(other, Date.now());
    expect((await load.commit()).count).toBe(301);
    await checkNamespace(other, Date.now());
  });

  it("of deletes goes on where the server's memory is short", async () => {
    const one = await open({ prefix: "short" });
    await one.commit(puts("x".repeat(1_000)));
    await server().call("CONFIG", "SET", "maxmemory", 1_000_000);
    onTestFinished(async () => void (await server().call("CONFIG", "SET", "maxmemory", 0)));
    const refused = await one.commit(puts("y")).catch((error: unknown) => error);
    if (!isNadbError(refused, "NADB_IO")) throw refused;
    expect(refused.hint).toContain("maxmemory");
    await one.commit(Array.from({ length: MANY }, (_, i) => remove(i)));
    expect((await one.head()).count).toBe(0);
    await checkNamespace(one, Date.now());
  });

  it.each([0, 1.5, -1, Number.NaN])("scriptMutations may not be %d", (scriptMutations) => {
    expect(() => redisBackend({ url: "redis://h", scriptMutations })).toThrow("scriptMutations");
  });
});
