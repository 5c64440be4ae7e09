// A real server of this machine, in a folder of its own, for the cases on Redis. Nothing it holds outlives it.
import { redisBackend } from "@nadb/backend-redis";
import { KeyValueStore } from "@nadb/core";
import { Redis } from "ioredis";
import { startRedis } from "../../packages/backend-redis/test/servers/redis-process.mjs";

/** Scripts and commands that take longer, in µs, are kept in the slow log, so that the longest is known. */
const SLOW_US = 1000;

export async function startBenchServer() {
  const server = await startRedis({
    config: { save: '""', "slowlog-log-slower-than": String(SLOW_US), "slowlog-max-len": "10000" },
  });
  const client = new Redis({ port: server.port, host: "127.0.0.1" });
  const pipelining = new Redis({
    port: server.port,
    host: "127.0.0.1",
    enableAutoPipelining: true,
  });
  const url = `redis://127.0.0.1:${server.port}`;
  return {
    client,
    /** Sends what is asked for in the same turn together. */
    pipelining,
    openStore: () => KeyValueStore.open({ backend: redisBackend({ url }) }),
    empty: () => client.flushall("SYNC"),
    async stop() {
      client.disconnect();
      pipelining.disconnect();
      await server.stop();
    },
  };
}

/** Seconds of the longest script since the last call. */
export async function longestScript(client) {
  const entries = await client.slowlog("GET", -1);
  await client.slowlog("RESET");
  const scripts = entries.filter(([, , , [name]]) => /^eval/i.test(String(name)));
  return Math.max(SLOW_US, ...scripts.map(([, , microseconds]) => microseconds)) / 1e6;
}

/** Bytes the server holds beyond what it held empty. */
export async function memoryOf(client) {
  const info = await client.info("memory");
  return Number(/used_memory:(\d+)/.exec(info)[1]);
}
