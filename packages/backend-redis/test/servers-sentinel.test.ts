// Three sentinels over three servers: a failover in order and one by force, and the killed master comes back.
import { describe, expect, it, onTestFinished } from "vitest";
import { type SentinelOptions, type Sentinels, startSentinel } from "./servers/index.js";
import { isLeft } from "./servers/left-over.js";

async function started(options?: SentinelOptions): Promise<Sentinels> {
  const all = await startSentinel(options);
  onTestFinished(() => all.stop());
  return all;
}

describe("sentinels", () => {
  it("lead a client to the master, after each failover, too", async () => {
    const all = await started();
    const client = all.client();
    await client.set("a", "1");
    const first = await all.master();
    const second = await all.failover({ by: "command" });
    await all.untilReplicated();
    const third = await all.failover({ by: "kill" });
    expect(new Set([first, second, third].map(({ port }) => port)).size).toBeGreaterThan(1);
    expect(await third.call("GET", "a")).toBe("1");
    await expect.poll(() => client.set("a", "2").catch(() => "not yet")).toBe("OK");
    await second.restart();
    await all.untilReplicated();
    const { port } = await all.master();
    expect(await second.call("ROLE")).toEqual(expect.arrayContaining(["slave", port]));
  }, 120_000);

  it("ask for a password of their own, and leave nothing behind", async () => {
    const all = await started({ sentinelPassword: "of sentinels" });
    expect(await all.client().ping()).toBe("PONG");
    const traces = [...all.servers, ...all.sentinels].map(({ pid, folder }) => ({ pid, folder }));
    expect(traces.filter(isLeft)).toHaveLength(6);
    await all.stop();
    expect(traces.filter(isLeft)).toHaveLength(0);
  });
});
