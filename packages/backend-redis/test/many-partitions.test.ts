// A namespace of many partitions, far away: a load freezes them before others lose their patience with it.
import { expect, it } from "vitest";
import { isSound, keys, load, namespace, proxyTo, put, read } from "./faults/support.js";
import { sharedServer } from "./servers/index.js";

const server = sharedServer();
const PARTITIONS = 200;
/** Of one reply; one after the other the partitions would take longer than readers wait. */
const LATENCY_MS = 25;

it("a load over many partitions succeeds while others read", async () => {
  const reader = await namespace({ url: server().url, partitions: PARTITIONS });
  await reader.commit([put("old", "1")]);
  const proxy = await proxyTo(server());
  const far = await namespace({ url: server().urlAt(proxy.port), retrySeconds: 20 });
  const into = await far.replace();
  await load(into, keys(300), "new");
  proxy.slow(LATENCY_MS);
  const committed = into.commit();
  let isOver = false;
  const over = committed.finally(() => {
    isOver = true;
  });
  while (!isOver) await Promise.all(keys(20).map((key) => read(reader, key)));
  expect((await over).count).toBe(300);
  expect(await read(reader, "old", "k00001")).toEqual([undefined, "new"]);
  await isSound(reader);
}, 120_000);

it("of two loads at a time each is whole, in every partition", async () => {
  const one = await namespace({ url: server().url, partitions: 20 });
  const two = await namespace({ url: server().url, partitions: 20 });
  for (let round = 0; round < 10; round++) {
    const loads = await Promise.all([one, two].map((by) => by.merge()));
    await Promise.all(loads.map((into, i) => load(into, keys(100), `${round} ${i}`)));
    await Promise.all(loads.map((into) => into.commit()));
    expect(new Set(await read(one, ...keys(100))).size, `round ${round}`).toBe(1);
  }
  await isSound(two);
});
