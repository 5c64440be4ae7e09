// What a server says instead of an answer: it has forgotten the scripts, is loading, busy, short of memory, a replica, or can
// not save. Nothing is written half, what may still be done is done, and the error says what to do.
import { mkdir } from "node:fs/promises";
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type Request, type Server, until } from "../servers/index.js";
import {
  backend,
  change,
  failureOf,
  ID,
  isSound,
  keys,
  load,
  namespace,
  proxyTo,
  put,
  read,
  remove,
  SHORT,
  server,
} from "./support.js";

interface Place {
  readonly behind: Server;
  readonly to: StorageNamespace;
}

async function place(retrySeconds = 8): Promise<Place> {
  const behind = await server();
  const to = await namespace({ url: behind.url, retrySeconds });
  await to.commit([put("there", "1", ["tag"])]);
  return { behind, to };
}

describe("SCRIPT FLUSH", () => {
  it("at any moment is not noticed", async () => {
    const { behind, to } = await place();
    const flush = (): Promise<unknown> => behind.call("SCRIPT", "FLUSH");
    const flushes = Promise.all(Array.from({ length: 50 }, flush));
    await Promise.all(keys(200).map((key) => to.commit([put(key, "1", ["tag"])])));
    await flushes;
    const into = await to.merge();
    await flush();
    await into.put([change("loaded", "1")]);
    await flush();
    await into.commit();
    await flush();
    expect((await to.query({ all: ["tag"], total: true })).total).toBe(201);
    await flush();
    expect((await to.tags()).get("loaded")).toBe(1);
    await flush();
    await isSound(to);
  });
});

describe("LOADING", () => {
  const SLOWLY = { "key-load-delay": "20000", "loading-process-events-interval-bytes": "1024" };

  async function loading(retrySeconds: number): Promise<Place> {
    const found = await place(retrySeconds);
    await found.to.commit(keys(100).map((key) => put(key, "x".repeat(1_000))));
    await found.behind.call("SAVE");
    await found.behind.kill();
    await found.behind.restart({ config: SLOWLY, until: "loading" });
    return found;
  }

  it("is waited for", async () => {
    const { to } = await loading(20);
    await to.commit([put("there", "2")]);
    expect(await read(to, "there")).toEqual(["2"]);
    await isSound(to);
  });

  it("for too long is told", async () => {
    const { behind, to } = await loading(SHORT);
    const commit = await failureOf(to.commit([put("there", "2")]), "NADB_IO");
    expect(commit.message + commit.hint).toMatch(/loading/i);
    await failureOf(backend({ url: behind.url, retrySeconds: SHORT }), "NADB_IO");
  });
});

describe("BUSY", () => {
  const ENDLESS = "while true do end";

  async function busy(retrySeconds: number): Promise<Place> {
    const found = await place(retrySeconds);
    const { behind } = found;
    await behind.call("CONFIG", "SET", "busy-reply-threshold", 20);
    behind
      .client()
      .eval(ENDLESS, 0)
      .catch(() => undefined);
    await until("that the server is busy", async () =>
      behind.call("PING").then(
        () => undefined,
        (error: Error) => error.message.startsWith("BUSY") || undefined,
      ),
    );
    return found;
  }

  it("is waited for", async () => {
    const { behind, to } = await busy(20);
    const commit = to.commit([put("there", "2")]);
    await new Promise((resolve) => setImmediate(resolve));
    await behind.call("SCRIPT", "KILL");
    await commit;
    expect(await read(to, "there")).toEqual(["2"]);
  });

  it("for too long is told, and nothing was written", async () => {
    const { behind, to } = await busy(SHORT);
    const error = await failureOf(to.commit([put("there", "2")]), "NADB_IO");
    expect(error.message).toContain("BUSY");
    await failureOf(to.head(), "NADB_IO");
    await behind.call("SCRIPT", "KILL");
    expect(await read(to, "there")).toEqual(["1"]);
  });
});

describe("OOM", () => {
  async function full(): Promise<Place> {
    const found = await place();
    await found.to.commit(keys(50).map((key) => put(key, "x".repeat(10_000), ["tag"])));
    await found.behind.call("CONFIG", "SET", "maxmemory", 1_000_000);
    return found;
  }

  it("refuses puts whole and says what to do; reads and deletes go on", async () => {
    const { to } = await full();
    const before = await to.head();
    const error = await failureOf(to.commit([remove("there"), put("new", "1")]), "NADB_IO");
    expect(error.hint).toContain("maxmemory");
    expect(await to.head()).toEqual(before);
    expect((await to.query({ all: ["tag"], total: true })).total).toBe(51);
    await to.commit([remove("there")]);
    expect(await read(to, "there", "new")).toEqual([undefined, undefined]);
    await isSound(to);
  });

  it("refuses the puts of a group only", async () => {
    const { to } = await full();
    const results = await Promise.allSettled([
      to.commit([remove("k00001")]),
      to.commit([put("new", "1")]),
      to.commit([remove("k00002")], { expect: [{ key: "there", version: 1 }] }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await read(to, "k00001", "new", "k00002")).toEqual([undefined, undefined, undefined]);
    await isSound(to);
  });

  it.each([
    ["after", "the whole group has happened, and answers so"],
    ["before", "the deletes are done, and the puts known not to be"],
  ] as const)("met by a group that is sent again, lost %s its execution: %s", async (when, _) => {
    const { behind, to } = await place();
    await to.commit([put("big", "x".repeat(1_000_000))]);
    const proxy = await proxyTo(behind);
    const through = await namespace({ url: behind.urlAt(proxy.port) });
    const [there] = await through.getMany(["there"]);
    const expected = [{ key: "there", version: there?.version ?? null }];
    const isGroup = ({ args }: Request): boolean => args.some((arg) => String(arg) === "new");
    const cut = proxy.cutAt(when, isGroup).then(() => proxy.refuse());
    const commits = Promise.allSettled([
      through.commit([put("new", "1")]),
      through.commit([remove("there")], { expect: expected }),
      through.commit([put("new", "2")], { expect: [{ key: "none", version: 1 }] }),
    ]);
    await cut;
    await behind.call("CONFIG", "SET", "maxmemory", 1_000_000);
    proxy.accept();
    const [first, second, third] = await commits;
    expect(second).toMatchObject({ status: "fulfilled" });
    if (when === "after") {
      expect(first).toMatchObject({ status: "fulfilled", value: { versions: [3] } });
      expect(third).toMatchObject({ reason: { code: "NADB_CONFLICT" } });
    } else {
      for (const one of [first, third]) {
        expect(one).toMatchObject({
          reason: { code: "NADB_IO", hint: expect.stringContaining("maxmemory") },
        });
      }
    }
    expect(await read(to, "new", "there")).toEqual([when === "after" ? "1" : undefined, undefined]);
    await isSound(to);
  });

  it("stops a load, which can be given up or committed as far as it came", async () => {
    const { behind, to } = await place();
    const [given, into] = [await to.replace(), await to.merge()];
    await load(given, keys(20), "1");
    await load(into, keys(20), "1");
    await behind.call("CONFIG", "SET", "maxmemory", 1_000_000);
    await failureOf(load(given, keys(20, "l"), "1"), "NADB_IO");
    await given.abort();
    await into.commit();
    expect(await read(to, "k00001", "l00001", "there")).toEqual(["1", undefined, "1"]);
    await isSound(to);
  });

  it("does not stop a sweep, a trim or a drop", async () => {
    const { behind, to } = await place();
    await to.commit([{ ...put("old", "1"), expiresAt: 5 } as never]);
    await behind.call("CONFIG", "SET", "maxmemory", 1_000_000);
    expect(await to.sweep(Date.now(), 10)).toBe(1);
    await to.trim((await to.head()).checkpoint);
    const one = await backend({ url: behind.url });
    await one.drop(ID);
    expect((await to.head()).generation).toBe("");
  });
});

describe("READONLY", () => {
  it("of a replica is told when it opens", async () => {
    const master = await server();
    const config = { replicaof: `${master.host} ${master.port}` };
    const replica = await server({ config });
    const error = await failureOf(backend({ url: replica.url }), "NADB_UNSUPPORTED");
    expect(error.hint).toContain("master");
  });

  it("of a master that became a replica is told; reads go on", async () => {
    const { behind, to } = await place(SHORT);
    await behind.call("REPLICAOF", "127.0.0.1", 1);
    const error = await failureOf(to.commit([put("there", "2")]), "NADB_IO");
    expect(error.hint).toContain("replica");
    expect(await read(to, "there")).toEqual(["1"]);
  });
});

describe("MISCONF", () => {
  it("refuses writes whole and says where to look; reads go on", async () => {
    const { behind, to } = await place();
    await behind.call("CONFIG", "SET", "save", "3600 1");
    await breakSaving(behind);
    const error = await failureOf(to.commit([put("there", "2")]), "NADB_IO");
    expect([error.message, error.hint].join()).toMatch(/MISCONF.*log/s);
    expect(await read(to, "there")).toEqual(["1"]);
    await behind.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
    await to.commit([put("there", "2")]);
    await isSound(to);
  });

  /** What would become the dump is a folder with something in it. */
  async function breakSaving(behind: Server): Promise<void> {
    await mkdir(`${behind.folder}/dump.rdb/full`, { recursive: true });
    await behind.call("BGSAVE");
    await until("that saving has failed", async () =>
      String(await behind.call("INFO", "persistence")).includes("rdb_last_bgsave_status:err")
        ? true
        : undefined,
    );
  }
});
