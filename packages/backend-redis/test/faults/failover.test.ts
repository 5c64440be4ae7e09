// Another server takes over. With `wait` nothing that was acknowledged is lost; without it the store is at one with itself, and
// a checkpoint is refused exactly when it holds what was lost, also when the server that had it comes back.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import type { RedisBackendOptions } from "../../src/index.js";
import { type RedisCluster, type Sentinels, type Server, until } from "../servers/index.js";
import {
  cluster,
  failureOf,
  isSound,
  keys,
  load,
  namespace,
  put,
  read,
  sentinels,
  server,
  trueRun,
} from "./support.js";
import { Writers } from "./writers.js";

const WRITERS = 8;
const PARTITIONS = 4;
const WAIT = { replicas: 1, timeoutMs: 2_000 } as const;

const connected = (options: RedisBackendOptions): Promise<StorageNamespace[]> =>
  Promise.all(Array.from({ length: WRITERS }, () => namespace({ retrySeconds: 20, ...options })));

describe("a failover under load, with wait", () => {
  it.each(["command", "kill"] as const)("of Sentinel, by %s, loses nothing", async (by) => {
    const all = await sentinels();
    await expectNothingLost({ url: all.url, wait: WAIT }, () => all.failover({ by }));
  });

  it.each(["command", "kill"] as const)("of a cluster, by %s, loses nothing", async (by) => {
    const all = await cluster();
    const options = { url: all.url, wait: WAIT, partitions: PARTITIONS };
    await expectNothingLost(options, async () => {
      const old = await all.masterOf(await all.slotOf("{shop/orders/1}"));
      await all.failover(old, { by });
      if (by === "kill") await old.restart(); // or no replica would have what is written from then on
    });
  });

  async function expectNothingLost(
    options: RedisBackendOptions,
    failover: () => Promise<unknown>,
  ): Promise<void> {
    const namespaces = await connected(options);
    const writers = new Writers(namespaces);
    await writers.untilWritten(3);
    await failover();
    await writers.untilWritten(3);
    await writers.stop();
    const reader = await namespace({ url: options.url as string });
    await writers.expectKept(reader);
    await isSound(reader);
  }
});

/** A place where the replicas of a master can be kept from what it writes, before one of them takes over. */
interface Place {
  readonly options: RedisBackendOptions;
  /** From now on the replicas get nothing. */
  cutOff(): Promise<void>;
  /** The master is gone, and a replica takes over with what it has. */
  takeOver(): Promise<void>;
}

async function cutOff(master: Server, replicas: readonly Server[]): Promise<void> {
  await Promise.all(replicas.map((replica) => replica.pause()));
  await master.call("CLIENT", "KILL", "TYPE", "replica"); // what was under way to them is not sent any more
}

async function takeOver(master: Server, replicas: readonly Server[]): Promise<void> {
  await master.kill();
  await Promise.all(replicas.map((replica) => replica.resume()));
}

async function ofSentinel(): Promise<Place> {
  const all: Sentinels = await sentinels();
  const master = await all.master();
  const replicas = all.servers.filter((one) => one !== master);
  return {
    options: { url: all.url },
    cutOff: async () => {
      await all.untilReplicated();
      await cutOff(master, replicas);
    },
    takeOver: () => takeOver(master, replicas),
  };
}

async function ofCluster(): Promise<Place> {
  const all: RedisCluster = await cluster();
  const master = await all.masterOf(await all.slotOf("{shop/orders/1}"));
  const replicas = await all.replicasOf(master);
  return {
    options: { url: all.url, partitions: PARTITIONS },
    cutOff: async () => {
      await all.untilReplicated(master);
      await cutOff(master, replicas);
    },
    takeOver: () => takeOver(master, replicas),
  };
}

describe.each([
  ["Sentinel", ofSentinel],
  ["a cluster", ofCluster],
] as const)("a failover of %s to a replica that lacks writes", (_, start) => {
  it("loses them, and refuses the checkpoints that hold them, and no others", async () => {
    const place = await start();
    const [one, ...others] = (await connected(place.options)) as [
      StorageNamespace,
      ...StorageNamespace[],
    ];
    const everywhere = (value: string): Promise<unknown> =>
      Promise.all(keys(16).map((key) => one.commit([put(key, value)])));
    await everywhere("kept");
    const kept = (await one.head()).checkpoint;
    await place.cutOff();
    await everywhere("lost");
    const lost = (await one.head()).checkpoint;
    const writers = new Writers(others);
    await writers.untilWritten(2);
    await place.takeOver();
    await writers.untilWritten(5);
    await writers.stop();
    expect(await writers.lost(one)).toBeLessThanOrEqual(others.length); // each of them whole
    await isSound(one);
    expect(await read(one, ...keys(16))).toContain("kept");
    await failureOf(drained(one, lost), "NADB_CHECKPOINT_EXPIRED");
    const changed = await drained(one, kept);
    expect(changed).toBeGreaterThan(0);
    await trueRun(one.changes(null));
    for (let i = 0; i < 50; i++) await everywhere("later"); // versions pass those that were lost
    await failureOf(drained(one, lost), "NADB_CHECKPOINT_EXPIRED");
    expect(await drained(one, kept)).toBeGreaterThanOrEqual(16);
  });
});

async function drained(one: StorageNamespace, since: string): Promise<number> {
  let changes = 0;
  for await (const page of one.changes(since)) changes += page.changes.length;
  return changes;
}

describe("a master that is deposed and comes back", () => {
  interface Pair {
    readonly first: Server;
    readonly second: Server;
    readonly one: StorageNamespace;
    readonly lost: string;
  }

  /** The first server has had writes that the second has not, and now follows it. */
  async function deposed(): Promise<Pair> {
    const [first, second] = [await server(), await server()];
    const one = await namespace({ url: first.url });
    for (const key of keys(5)) await one.commit([put(key, "kept")]);
    await follow(second, first);
    await second.call("REPLICAOF", "NO", "ONE");
    for (const key of keys(3, "l")) await one.commit([put(key, "lost")]);
    const { checkpoint: lost } = await one.head();
    await drained(one, lost);
    await follow(first, second);
    return { first, second, one, lost };
  }

  async function follow(replica: Server, master: Server): Promise<void> {
    await replica.call("REPLICAOF", master.host, master.port);
    await until("that it follows", async () =>
      String(await replica.call("INFO", "replication")).includes("master_link_status:up")
        ? true
        : undefined,
    );
  }

  it.each(["the other has written", "the other has not written"])(
    "without a restart, when %s: what it had lost stays refused",
    async (what) => {
      const { first, second, one, lost } = await deposed();
      const other = await namespace({ url: second.url });
      if (what === "the other has written") await other.commit([put("m", "other")]);
      await follow(first, second);
      await first.call("REPLICAOF", "NO", "ONE");
      await failureOf(drained(one, lost), "NADB_CHECKPOINT_EXPIRED");
      for (const key of keys(20, "n")) {
        await one.commit([put(key, "new")]);
        await failureOf(drained(one, lost), "NADB_CHECKPOINT_EXPIRED");
      }
      expect(await read(one, "l00001", "k00001", "n00001")).toEqual([undefined, "kept", "new"]);
      await isSound(one);
    },
  );
});

describe("a failover of a cluster", () => {
  it("during a run and during a load: both go on and are whole", async () => {
    const all = await cluster();
    const options = { url: all.url, partitions: PARTITIONS, retrySeconds: 20 };
    const [one, other] = [await namespace(options), await namespace(options)];
    await Promise.all(keys(200).map((key) => one.commit([put(key, "1")])));
    const failover = async (): Promise<unknown> => {
      const owners = await Promise.all([0, 1, 2, 3].map((index) => ownerOf(all, index)));
      const replicas = await Promise.all(owners.map((owner) => all.replicasOf(owner)));
      return all.failover(owners[replicas.findIndex(({ length }) => length > 0)] as Server, {
        by: "kill",
      });
    };
    const end = await trueRun(one.changes(null, { pageBytes: 500 }), async (pages) => {
      if (pages === 2) await failover();
    });
    expect(end.count).toBe(200);
    const into = await other.replace();
    await load(into, keys(300, "l"), "2");
    await failover();
    expect((await into.commit()).count).toBe(300);
    expect(await read(one, "k00001", "l00001")).toEqual([undefined, "2"]);
    await isSound(one);
  });

  const ownerOf = async (all: RedisCluster, partition: number): Promise<Server> =>
    all.masterOf(await all.slotOf(`{shop/orders/${partition}}`));
});
