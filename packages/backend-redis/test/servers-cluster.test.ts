// Six nodes of a cluster: slots that move, masters that fail over in order and by force, nothing left in the end.
import { describe, expect, it } from "vitest";
import { sharedCluster, startCluster } from "./servers/index.js";
import { isLeft } from "./servers/left-over.js";

describe("a cluster", () => {
  const cluster = sharedCluster();
  const other = async (slot: number) => {
    const owner = await cluster().masterOf(slot);
    return cluster()
      .masterOf((slot + 8_192) % 16_384)
      .then((one) => ({ owner, other: one }));
  };

  it("spreads keys over its masters and keeps a copy of each", async () => {
    const client = cluster().client();
    const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
    await Promise.all(keys.map((key) => client.set(key, key)));
    const masters = cluster().nodes.slice(0, 3);
    const counts = await Promise.all(masters.map((one) => one.call("DBSIZE") as Promise<number>));
    expect(counts.every((count) => count > 0)).toBe(true);
    expect(counts.reduce((sum, count) => sum + count)).toBe(100);
    await Promise.all(masters.map((master) => cluster().untilReplicated(master)));
    for (const [i, master] of masters.entries()) {
      const [replica] = await cluster().replicasOf(master);
      expect(await replica?.call("DBSIZE")).toBe(counts[i]);
    }
  });

  it("answers -ASK and -TRYAGAIN while a slot moves, -MOVED afterwards", async () => {
    const slot = await cluster().slotOf("{a}");
    const { owner, other: target } = await other(slot);
    const client = cluster().client();
    await client.mset("{a}1", "1", "{a}2", "2");
    const move = await cluster().beginMove(slot, target);
    expect(await owner.call("GET", "{a}1")).toBe("1");
    expect(await move.moveKeys(1)).toBe(1);
    const read = async (key: string): Promise<unknown> => owner.call("GET", key);
    const replies = await Promise.allSettled(["{a}1", "{a}2"].map(read));
    expect(replies.filter(({ status }) => status === "rejected")).toHaveLength(1);
    await expect(owner.call("GET", "{a}new")).rejects.toThrow(`ASK ${slot}`);
    await expect(owner.call("MGET", "{a}1", "{a}2")).rejects.toThrow("TRYAGAIN");
    expect([await client.get("{a}1"), await client.get("{a}2")]).toEqual(["1", "2"]);
    await move.finish();
    await expect(owner.call("GET", "{a}1")).rejects.toThrow(`MOVED ${slot}`);
    expect(await client.get("{a}2")).toBe("2");
    expect(await cluster().masterOf(slot)).toBe(target);
  });

  it("keeps a slot where it was when its move is abandoned", async () => {
    const { owner, other: target } = await other(1);
    const move = await cluster().beginMove(1, target);
    await move.abandon();
    expect(await cluster().masterOf(1)).toBe(owner);
  });

  it.each(["command", "kill"] as const)("has a replica take over by %s", async (by) => {
    const slot = await cluster().slotOf("b");
    const client = cluster().client();
    await client.set("b", "1");
    const old = await cluster().masterOf(slot);
    const next = await cluster().failover(old, { by });
    expect(next).not.toBe(old);
    expect(await cluster().masterOf(slot)).toBe(next);
    expect(await next.call("GET", "b")).toBe("1");
    await expect.poll(() => client.set("b", "2").catch(() => "not yet")).toBe("OK");
    if (by === "kill") await old.restart();
    await cluster().untilSettled();
    expect(await cluster().replicasOf(next)).toEqual([old]);
  });
});

describe("a cluster of two masters without replicas", () => {
  it("serves, and leaves nothing behind", async () => {
    const cluster = await startCluster({ masters: 2, replicas: 0, password: "" });
    const traces = cluster.nodes.map(({ pid, folder }) => ({ pid, folder }));
    expect(await cluster.client().set("a", "1")).toBe("OK");
    expect(traces.filter(isLeft)).toHaveLength(2);
    await cluster.stop();
    expect(traces.filter(isLeft)).toHaveLength(0);
  });
});
