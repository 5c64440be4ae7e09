// A client of the caller's: however it is configured and whatever else it does, it is used, and stays the caller's.
import { Cluster, Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RedisBackendOptions, redisBackend } from "../../src/index.js";
import { type ClientOptions, sharedCluster, sharedServer } from "../servers/index.js";
import { failureOf, ID, isSound, keys, load, namespace, put, read, SHORT } from "./support.js";

const server = sharedServer();
const cluster = sharedCluster({ masters: 3, replicas: 0 });

const SETTINGS: [string, ClientOptions][] = [
  ["as it is", {}],
  ["not connected yet", { lazyConnect: true }],
  ["with automatic pipelines", { enableAutoPipelining: true }],
  ["with protocol 2", { protocol: 2 }],
  ["with protocol 3", { protocol: 3 }],
  ["with numbers as texts", { stringNumbers: true }],
  ["without an offline queue", { enableOfflineQueue: false }],
  ["without retries", { maxRetriesPerRequest: 0 }],
  ["with a time for commands", { commandTimeout: 5_000 }],
];

describe.each(["a server", "a cluster"])("the caller's client of %s", (kind) => {
  async function client(options: ClientOptions): Promise<Redis | Cluster> {
    const made = kind === "a server" ? server().client(options) : cluster().client(options);
    if (options.enableOfflineQueue === false) await made.ping().catch(() => undefined);
    return made;
  }

  it.each(SETTINGS)("%s is used and stays open", async (_, options) => {
    const theirs = await client(options);
    if (options.enableOfflineQueue === false) {
      await expect.poll(() => theirs.ping().catch(() => "")).toBe("PONG");
    }
    const made = redisBackend({ client: theirs, partitions: 3 });
    await made.open();
    const one = await made.namespace(ID);
    await Promise.all(keys(100).map((key) => one.commit([put(key, "1", ["tag"])])));
    await Promise.all(keys(100).map((key) => theirs.set(`theirs:${key}`, "1")));
    const into = await one.merge();
    await load(into, keys(10, "l"), "2");
    await into.commit();
    expect(await read(one, "k00001", "l00001", "none")).toEqual(["1", "2", undefined]);
    await isSound(one);
    await made.close();
    expect(await theirs.get("theirs:k00042")).toBe("1");
  });

  it("serves two backends, of which one is closed", async () => {
    const theirs = await client({});
    const [first, second] = [{ prefix: "one" }, { prefix: "two" }].map((own) =>
      redisBackend({ client: theirs, ...own }),
    ) as [ReturnType<typeof redisBackend>, ReturnType<typeof redisBackend>];
    await first.open();
    await second.open();
    const [one, two] = [await first.namespace(ID), await second.namespace(ID)];
    await one.commit([put("a", "one")]);
    await first.close();
    await two.commit([put("b", "two")]);
    expect(await read(two, "a", "b")).toEqual([undefined, "two"]);
    await failureOf(one.head(), "NADB_CLOSED");
    await second.close();
    expect(await theirs.ping()).toBe("PONG");
  });

  it("with a keyPrefix is refused", async () => {
    const theirs = await client({ keyPrefix: "mine:", lazyConnect: true });
    expect(() => redisBackend({ client: theirs })).toThrow("keyPrefix");
  });

  it("that is closed already is told of", async () => {
    const theirs = await client({});
    await theirs.ping();
    theirs.disconnect();
    await expect.poll(() => theirs.status).toMatch(/end|close/);
    await failureOf(redisBackend({ client: theirs, retrySeconds: SHORT }).open(), "NADB_IO");
  });
});

describe("a client of our own", () => {
  it("is closed with the backend", async () => {
    const before = await connections();
    const made = redisBackend({ url: server().url });
    await made.open();
    await (await made.namespace(ID)).commit([put("a", "1")]);
    expect(await connections()).toBe(before + 1);
    await made.close();
    await expect.poll(connections).toBe(before);
  });

  it("uses the database of its URL", async () => {
    const one = await namespace({ url: `${server().url}/3` });
    await one.commit([put("a", "1")]);
    expect(await read(await namespace({ url: server().url }), "a")).toEqual([undefined]);
    expect(await server().client({ db: 3 }).exists("nadb:{shop/orders}")).toBe(1);
  });

  async function connections(): Promise<number> {
    const list = String(await server().call("CLIENT", "LIST"));
    return list.split("\n").filter((line) => line.includes("name=nadb")).length;
  }
});

describe("a backend", () => {
  it("takes clients made by hand", async () => {
    const { host, port, password } = server();
    const theirs = new Redis({ host, port, password });
    onTestFinished(() => theirs.disconnect());
    const options: RedisBackendOptions = { client: theirs };
    const one = await namespace(options);
    await one.commit([put("a", "1")]);
    const all = new Cluster(cluster().addresses, { redisOptions: { password } });
    onTestFinished(() => all.disconnect());
    const other = await namespace({ client: all });
    await other.commit([put("a", "2")]);
    expect([await read(one, "a"), await read(other, "a")]).toEqual([["1"], ["2"]]);
  });
});
