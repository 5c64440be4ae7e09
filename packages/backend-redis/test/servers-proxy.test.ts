// The proxy that tests cut connections with: what the server has executed is known for each way to cut.
import type { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RedisProxy, sharedServer, startProxy } from "./servers/index.js";
import { RequestReader } from "./servers/requests.js";

const server = sharedServer();

async function through(): Promise<{ proxy: RedisProxy; client: Redis }> {
  const proxy = await startProxy(server().port);
  onTestFinished(() => proxy.close());
  const client = server().client({ port: proxy.port, maxRetriesPerRequest: 0 });
  await client.ping();
  return { proxy, client };
}

const stored = (): Promise<unknown> => server().call("GET", "a");

describe("a connection through the proxy", () => {
  it("passes requests and replies, large ones and many at once", async () => {
    const { client } = await through();
    const large = "x".repeat(3_000_000);
    const sets = Array.from({ length: 500 }, (_, i) => client.set(`key${i}`, String(i)));
    expect(new Set(await Promise.all(sets))).toEqual(new Set(["OK"]));
    await client.set("a", large);
    expect(await client.get("a")).toBe(large);
    expect(await server().call("DBSIZE")).toBe(501);
  });

  it("is cut before a request: those before it are executed, it is not", async () => {
    const { proxy, client } = await through();
    const cut = proxy.cutAt("before", "incr");
    const answers = Promise.allSettled([client.set("a", "1"), client.incr("a"), client.incr("a")]);
    await cut;
    expect((await answers).slice(1).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await stored()).toBe("1");
  });

  it("is cut after a request: it is executed and not answered, none after it is", async () => {
    const { proxy, client } = await through();
    const cut = proxy.cutAt("after", "incr");
    const answers = Promise.allSettled([client.incr("a"), client.incr("a")]);
    await cut;
    expect((await answers).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await stored()).toBe("1");
  });

  it("is cut at the request a test chooses by its arguments, once", async () => {
    const { proxy, client } = await through();
    const cut = proxy.cutAt("before", ({ args }) => String(args[1]) === "2");
    await client.set("a", "1");
    await expect(client.set("a", "2")).rejects.toThrow();
    await cut;
    expect(await stored()).toBe("1");
    await client.set("a", "2");
    expect(await stored()).toBe("2");
  });

  it("is cut now, and made again by its client", async () => {
    const { proxy, client } = await through();
    proxy.cut();
    expect(proxy.connections).toBe(0);
    await client.set("a", "1").catch(() => client.set("a", "1"));
    expect(proxy.connections).toBe(1);
  });

  it("is refused until it is accepted", async () => {
    const { proxy, client } = await through();
    proxy.refuse();
    await expect(client.ping()).rejects.toThrow();
    await expect(client.ping()).rejects.toThrow();
    proxy.accept();
    await expect.poll(() => client.ping().catch(() => "not yet")).toBe("PONG");
  });

  it("is held: nothing reaches the server until it is released", async () => {
    const { proxy, client } = await through();
    proxy.hold();
    const answers = [client.set("a", "1"), client.get("a")];
    await new Promise((resolve) => setImmediate(resolve));
    expect(await stored()).toBeNull();
    proxy.release();
    expect(await Promise.all(answers)).toEqual(["OK", "1"]);
  });

  it("is slow, and keeps the order of the replies when it is slow no more", async () => {
    const { proxy, client } = await through();
    proxy.slow(500);
    const order: number[] = [];
    const slow = client.incr("a").then((count) => order.push(count));
    await expect.poll(stored, { interval: 5 }).toBe("1");
    expect(order).toEqual([]);
    proxy.slow(0);
    const quick = client.incr("a").then((count) => order.push(count));
    await Promise.all([slow, quick]);
    expect(order).toEqual([1, 2]);
  });
});

describe("requests", () => {
  const text = "*1\r\n$4\r\nping\r\n*3\r\n$3\r\nSET\r\n$2\r\n\r\n\r\n$0\r\n\r\n";

  it.each([1, 2, 3, 7, 1_000])("are found in pieces of %i bytes", (size) => {
    const reader = new RequestReader();
    const bytes = Buffer.from(text);
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const found = pieces.flatMap((piece) => reader.take(piece));
    expect(found.map(({ name, args }) => [name, args.map(String)])).toEqual([
      ["PING", []],
      ["SET", ["\r\n", ""]],
    ]);
    expect(Buffer.concat(found.map((one) => one.bytes)).equals(bytes)).toBe(true);
  });
});
