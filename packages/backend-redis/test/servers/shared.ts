// Servers that the tests of one file share: started before the first of them, emptied before each, stopped after the last.
// What a test does to such a server, but for its content, the next test finds; faults have servers of their own.
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { RedisCluster } from "./cluster.js";
import type { Sentinels } from "./sentinel.js";
import { type Server, type ServerOptions, startServer } from "./standalone.js";
import { type ClusterOptions, startCluster } from "./start-cluster.js";
import { type SentinelOptions, startSentinel } from "./start-sentinel.js";

export const sharedServer = (options?: ServerOptions): (() => Server) =>
  shared(() => startServer(options));

export const sharedSentinel = (options?: SentinelOptions): (() => Sentinels) =>
  shared(() => startSentinel(options));

export const sharedCluster = (options?: ClusterOptions): (() => RedisCluster) =>
  shared(() => startCluster(options));

interface Shareable {
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** REQUIRES: called where hooks are, at the top of a file or in `describe`. */
function shared<T extends Shareable>(start: () => Promise<T>): () => T {
  let started: T | undefined;
  beforeAll(async () => {
    started = await start();
  });
  beforeEach(() => started?.clear());
  afterAll(() => started?.stop());
  return () => {
    if (started === undefined) throw new Error("the shared servers are started before the tests");
    return started;
  };
}
