// The listing of all namespaces: in steps, however many there are, and each once.
import type { StorageBackend } from "@nadb/core";
import { expect, it, onTestFinished } from "vitest";
import { redisBackend } from "../src/index.js";
import { sharedServer, startProxy } from "./servers/index.js";

const server = sharedServer();

it("namespaces are listed in steps, each once, and those that hold nothing are passed over", async () => {
  const proxy = await startProxy(server().port);
  onTestFinished(() => proxy.close());
  const made = redisBackend({ url: server().urlAt(proxy.port) });
  onTestFinished(() => made.close());
  await made.open();
  const ids = ["a", "b", "c"].map((namespace) => ({ db: "shop", namespace }));
  for (const id of ids) {
    const one = await made.namespace(id);
    await one.commit([{ type: "put", key: "a", value: Buffer.from("1") }]);
  }
  const empty = Array.from({ length: 700 }, (_, i) => `shop/none${i}`);
  await server().call("SADD", "nadb:namespaces", ...empty);
  let steps = 0;
  void proxy.cutAt("before", ({ name }) => {
    if (name === "SSCAN") steps++;
    return name === "SMEMBERS";
  });
  const found = [];
  for await (const id of made.namespaces()) found.push(id);
  expect(found.sort((a, b) => (a.namespace < b.namespace ? -1 : 1))).toEqual(ids);
  expect(steps).toBeGreaterThan(1);
});

it("NADB's own namespaces have one partition, whatever is chosen, and any choice opens them", async () => {
  const id = { db: "shop", namespace: "nadb.copies" };
  for (const partitions of [4, undefined, 2]) {
    const options = { url: server().url, ...(partitions === undefined ? {} : { partitions }) };
    const made = redisBackend({ ...options, prefix: "own" });
    onTestFinished(() => made.close());
    await made.open();
    const one = await made.namespace(id);
    await one.commit([{ type: "put", key: `a${partitions}`, value: Buffer.from("1") }]);
    expect(await server().call("HGET", "own:{shop/nadb.copies}", "partitions")).toBe("1");
  }
  const other = { db: "shop", namespace: "other" };
  const [first, second] = [1, 4].map((partitions) =>
    redisBackend({ url: server().url, prefix: "own", partitions }),
  ) as [StorageBackend, StorageBackend];
  for (const one of [first, second]) onTestFinished(() => one.close());
  for (const one of [first, second]) await one.open();
  await (await first.namespace(other)).commit([{ type: "put", key: "a", value: Buffer.from("1") }]);
  const head = async () => (await second.namespace(other)).head();
  await expect(head()).rejects.toThrow("has 1 partition, not 4");
});
