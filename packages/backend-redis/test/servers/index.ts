// Real servers for tests: each on free ports of the loopback, in a temporary folder, ended with the process that started
// it however that dies. How they are used is shown by ../servers.test.ts.

export type { ClientOptions } from "./clients.js";
export type { RedisCluster } from "./cluster.js";
export { freePort, HOST } from "./ports.mjs";
export { type Choice, type RedisProxy, startProxy, type When } from "./proxy.js";
export {
  type Config,
  type RedisProcess,
  type RedisProcessOptions,
  type Restart,
  startRedis,
} from "./redis-process.mjs";
export type { Request } from "./requests.js";
export type { Sentinels } from "./sentinel.js";
export { sharedCluster, sharedSentinel, sharedServer } from "./shared.js";
export type { SlotMove } from "./slot-move.js";
export {
  DURABLE,
  PASSWORD,
  type Server,
  type ServerOptions,
  startServer,
} from "./standalone.js";
export { type ClusterOptions, startCluster } from "./start-cluster.js";
export { type SentinelOptions, startSentinel } from "./start-sentinel.js";
export { hasOpenssl } from "./tls.js";
export { until, untilTrue } from "./until.js";
