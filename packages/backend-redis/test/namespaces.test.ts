// The listing of all namespaces: in steps, however many there are, and each once.
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
