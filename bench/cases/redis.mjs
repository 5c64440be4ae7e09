// NADB on a real server of Redis, beside plain pipelines that do the same there.
import { openManager } from "../contenders.mjs";
import { measure, timed } from "../measure.mjs";
import { batches, shuffled } from "../records.mjs";
import { get, scanAll, setAll } from "../redis/plain.mjs";
import { longestScript, memoryOf, startBenchServer } from "../redis/server.mjs";

const BATCH = 250;
/** A commit of so many goes in steps. */
const MANY = 1_000;
const IN_FLIGHT = 64;

export const redis = { name: "redis", run };

async function run(bench) {
  const server = await startBenchServer();
  try {
    return await runOn(server, bench);
  } finally {
    await server.stop();
  }
}

async function runOn(server, { filled, folders, runs, note }) {
  const entries = filled.entries();
  const bench = { server, entries, folders, runs, note };
  const writing = await measureWrites(bench);
  const store = await filledStore(bench);
  const memory = await measureMemory(bench);
  await setAll(server.client, entries, BATCH);
  const reading = await measureReads(bench, store);
  const backups = await measureBackups(bench, store);
  await store.close();
  return [...writing, ...reading, ...backups, ...memory];
}

async function measureWrites({ server, entries, runs, note }) {
  const [longest, longestOfMany] = [[], []];
  const setAllBy = (batch, scripts) =>
    onEmpty(server, async (store) => {
      await longestScript(server.client); // those of others do not count
      const sample = await timed(entries.length, () => setMany(store, entries, batch));
      scripts.push({ count: 1, seconds: await longestScript(server.client) });
      return sample;
    });
  const samples = await measure(
    {
      nadb: () => setAllBy(BATCH, longest),
      many: () => setAllBy(MANY, longestOfMany),
      plain: async () => {
        await server.empty();
        return timed(entries.length, () => setAll(server.client, entries, BATCH));
      },
      single: () =>
        onEmpty(server, (store) =>
          timed(entries.length, () =>
            inFlight(entries, ({ key, value, tags }) => store.set(key, value, { tags })),
          ),
        ),
    },
    { runs, note },
  );
  const plain = { name: "plain ioredis, HSET, ZADD, 2 SADD", samples: samples.plain };
  return [
    {
      what: `redis: setMany of ${BATCH}`,
      samples: samples.nadb,
      peer: plain,
      goal: { perSecond: 25_000 },
    },
    { what: `redis: setMany of ${MANY}`, samples: samples.many },
    { what: `redis: set, ${IN_FLIGHT} in flight`, samples: samples.single },
    {
      what: `redis: longest script of setMany of ${BATCH}`,
      samples: longest.slice(1),
      goal: { milliseconds: 20 },
    },
    {
      what: `redis: longest script of setMany of ${MANY}`,
      samples: longestOfMany.slice(1),
      goal: { milliseconds: 20 },
    },
  ];
}

async function measureReads({ server, entries, runs, note }, store) {
  const keys = shuffled(entries.map(({ key }) => key));
  const samples = await measure(
    {
      nadb: () => timed(keys.length, () => inFlight(keys, (key) => store.get(key))),
      plain: () => timed(keys.length, () => inFlight(keys, (key) => get(server.client, key))),
      pipelined: () =>
        timed(keys.length, () => inFlight(keys, (key) => get(server.pipelining, key))),
      many: () =>
        timed(keys.length, async () => {
          for (const group of batches(keys, 100)) await store.getMany(group);
        }),
    },
    { runs, note },
  );
  const plain = { name: "plain ioredis HMGET", samples: samples.plain };
  const pipelined = { name: "the same, automatic pipelines", samples: samples.pipelined };
  return [
    {
      what: `redis: get, ${IN_FLIGHT} in flight`,
      samples: samples.nadb,
      peer: plain,
      goal: { ratio: 0.7 },
    },
    { what: "the same", samples: samples.nadb, peer: pipelined },
    { what: "redis: getMany of 100 keys", samples: samples.many },
  ];
}

async function measureBackups({ server, entries, folders, runs, note }, store) {
  const kept = await openManager(store, folders.fresh("repository"));
  await kept.createBackup({ backupId: "full" });
  await longestScript(server.client);
  const samples = await measure(
    {
      nadb: async (round) => {
        const manager = await openManager(store, folders.fresh(`repository-${round}`));
        return timed(entries.length, () => manager.createBackup({ backupId: "full" }));
      },
      plain: () => timed(entries.length, () => scanAll(server.client)),
    },
    { runs, note },
  );
  // Apart from those: what a restore replaces is deleted in the background, beside whatever comes next.
  const { restore } = await measure(
    {
      restore: () =>
        timed(entries.length, () => kept.restoreBackup("full", { clearExisting: true })),
    },
    { runs, note },
  );
  const longest = [{ count: 1, seconds: await longestScript(server.client) }];
  const plain = { name: "plain ioredis, SCAN and HGETALL", samples: samples.plain };
  return [
    {
      what: "redis: full backup",
      samples: samples.nadb,
      peer: plain,
      goal: { perSecond: 100_000 },
    },
    { what: "the same", samples: samples.nadb, peer: plain, goal: { ratio: 1 } },
    { what: "redis: restore", samples: restore, goal: { perSecond: 25_000 } },
    { what: "redis: longest script of both", samples: longest, goal: { milliseconds: 20 } },
  ];
}

/** What the records take in the server, and how much of it each index. */
async function measureMemory({ server, entries }) {
  const { client } = server;
  const bytes = (await memoryOf(client)) - server.emptyBytes;
  const sums = new Map();
  for (const key of await client.keys("nadb:{*}:*:*")) {
    const part = /:[0-9a-f]{12}:(r:|t:|\w+)/.exec(key)?.[1];
    if (part === undefined || part === "r:") continue;
    sums.set(part, (sums.get(part) ?? 0) + Number(await client.memory("USAGE", key, "SAMPLES", 0)));
  }
  const row = (what, total) => ({
    what: `redis, ${entries.length} records: ${what}`,
    megabytes: [total / 1e6],
  });
  const indexes = [...sums.values()].reduce((a, b) => a + b, 0);
  return [
    row("memory of the server", bytes),
    row("of it, the hashes of records and the rest", bytes - indexes),
    row("of it, the listing of keys", sums.get("keys")),
    row("of it, the feed of changes", sums.get("feed")),
    row("of it, the listings of two tags each", sums.get("t:")),
  ];
}

async function filledStore({ server, entries }) {
  await server.empty();
  server.emptyBytes = await memoryOf(server.client);
  const store = await server.openStore();
  await setMany(store, entries, BATCH);
  return store;
}

async function onEmpty(server, work) {
  await server.empty();
  const store = await server.openStore();
  const sample = await work(store);
  await store.close();
  return sample;
}

async function setMany(store, entries, size) {
  for (const batch of batches(entries, size)) await store.setMany(batch);
}

async function inFlight(items, work) {
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}
