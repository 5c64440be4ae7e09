// `wait`: a commit resolves once replicas have it. What it can promise then is kept through failovers; where too few replicas
// say so in time, nobody is told that it is committed.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import type { Server } from "../servers/index.js";
import { cluster, failureOf, isSound, namespace, proxyTo, put, read, server } from "./support.js";

const WAIT = { replicas: 1, timeoutMs: 100 } as const;
const PATIENT = { replicas: 1, timeoutMs: 20_000 } as const;

async function pair(): Promise<{ master: Server; replica: Server }> {
  const master = await server();
  const replica = await server({ config: { replicaof: `${master.host} ${master.port}` } });
  await expect
    .poll(async () => String(await replica.call("INFO", "replication")))
    .toContain("master_link_status:up");
  return { master, replica };
}

describe("waiting for replicas", () => {
  it("a commit that has them resolves", async () => {
    const { master, replica } = await pair();
    const one = await namespace({ url: master.url, wait: PATIENT });
    const { versions } = await one.commit([put("a", "1")]);
    expect(versions).toEqual([1]);
    expect(await replica.call("EXISTS", "nadb:{shop/orders}:head")).toBe(1);
  });

  it.each([1, 3])(
    "too few of them: the commit is unknown, and stands, in %d partitions",
    async (partitions) => {
      const { master, replica } = await pair();
      const one = await namespace({ url: master.url, wait: WAIT, partitions });
      const [before, after] = [put("a", "1"), put("a", "2")];
      await expect.poll(() => one.commit([before]).catch(() => undefined)).toBeDefined();
      await replica.pause();
      const failure = await failureOf(one.commit([after]), "NADB_COMMIT_UNKNOWN");
      expect(failure.message).toContain("0 of 1 replicas");
      expect(await read(one, "a")).toEqual(["2"]);
      await replica.resume();
      await expect.poll(() => one.commit([put("b", "3")]).catch(() => undefined)).toBeDefined();
      await isSound(one);
    },
  );

  it("too few of them for a load: it fails, and can be loaded again", async () => {
    const { master, replica } = await pair();
    const one = await namespace({ url: master.url, wait: WAIT });
    await expect.poll(() => one.commit([put("a", "1")]).catch(() => undefined)).toBeDefined();
    const into = await one.replace();
    await replica.pause();
    await failureOf(into.commit(), "NADB_IO", "NADB_COMMIT_UNKNOWN");
    await replica.resume();
    expect(await read(one, "a")).toEqual(["1"]);
    await expect.poll(() => loaded(one)).toBe(0);
  });

  const loaded = async (one: StorageNamespace): Promise<number | undefined> => {
    const into = await one.replace();
    return into.commit().then(
      ({ head }) => head.count,
      () => undefined,
    );
  };

  it("goes on after a lost connection: an answer that is given again is waited for, too", async () => {
    const { master, replica } = await pair();
    const proxy = await proxyTo(master);
    const url = master.urlAt(proxy.port);
    const one = await namespace({ url, wait: { replicas: 1, timeoutMs: 300 } });
    await expect.poll(() => one.commit([put("a", "1")]).catch(() => undefined)).toBeDefined();
    const { version } = await one.head();
    await replica.pause();
    for (const request of ["evalsha", "wait"]) {
      const cut = proxy.cutAt("after", request);
      const commit = one.commit([put("a", request)]);
      commit.catch(() => undefined);
      await cut;
      await failureOf(commit, "NADB_COMMIT_UNKNOWN");
      expect(await read(one, "a")).toEqual([request]);
    }
    await replica.resume();
    expect((await one.head()).version).toBe(version + 2);
    await isSound(one);
  });

  it("replicas of another server do not count: the commit goes there", async () => {
    const [old, next] = [await pair(), await pair()];
    const proxy = await proxyTo(old.master);
    const one = await namespace({ url: old.master.urlAt(proxy.port), wait: PATIENT });
    await one.commit([put("a", "1")]);
    const cut = proxy.cutAt("before", "wait").then(() => proxy.aim(next.master.port));
    const commit = one.commit([put("a", "2")]);
    await cut;
    await commit;
    expect(await read(one, "a")).toEqual(["2"]);
    expect(await next.replica.call("EXISTS", "nadb:{shop/orders}:head")).toBe(1);
    await isSound(one);
  });

  it("works on a cluster, where a slot moves, and without enough replicas is unknown", async () => {
    const all = await cluster();
    const one = await namespace({ url: all.url, wait: PATIENT, partitions: 4 });
    for (let i = 0; i < 20; i++) await one.commit([put(`k${i}`, "1")]);
    const slot = await all.slotOf("nadb:{shop/orders/1}:head");
    const from = await all.masterOf(slot);
    const to = await all.masterOf((slot + 8_192) % 16_384);
    const move = await all.beginMove(slot, to);
    const commits = Promise.all(
      Array.from({ length: 20 }, (_, i) => one.commit([put(`k${i}`, "2")])),
    );
    await move.finish();
    await commits;
    expect(await read(one, "k3", "k4", "k5", "k6")).toEqual(["2", "2", "2", "2"]);
    const hasty = await namespace({ url: all.url, wait: WAIT });
    await Promise.all([...(await all.replicasOf(from)), ...(await all.replicasOf(to))].map(pause));
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => hasty.commit([put(`k${i}`, "3")])),
    );
    const unknown = results.filter(({ status }) => status === "rejected");
    expect(unknown.length).toBeGreaterThan(0);
    for (const one of unknown) {
      expect(one).toMatchObject({ reason: { code: "NADB_COMMIT_UNKNOWN" } });
    }
  });

  const pause = (one: Server): Promise<void> => one.pause();
});
