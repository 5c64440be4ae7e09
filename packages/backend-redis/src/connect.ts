// Clients of our own, by address: they look for a lost server without an end, how long calls wait is for link.ts to say.
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Address } from "./address.js";
import type { Client } from "./link.js";

/** The types of ioredis do not take their own options with exactOptionalPropertyTypes. */
type Options = Omit<RedisOptions, "replyMapping">;

export interface ConnectOptions {
  /** For how long a lost server is looked for before calls fail. */
  readonly retrySeconds: number;
  /** Of Node's `tls.connect`, for rediss:. */
  readonly tls?: Record<string, unknown>;
}

const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 500;
const LOADING_PAUSE_MS = 200;
const SENTINEL_MS = 2_000;

export function connect(address: Address, options: ConnectOptions): Client {
  const common: Options = {
    lazyConnect: true,
    connectionName: "nadb",
    connectTimeout: options.retrySeconds * 1000,
    retryStrategy: pauseAfter,
    maxRetriesPerRequest: null,
    maxLoadingRetryTime: LOADING_PAUSE_MS,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.isSecure ? { tls: options.tls ?? {} } : {}),
  };
  if (address.kind === "cluster") return connectCluster(address, common);
  if (address.kind === "sentinel") {
    const silentMs = Math.min(SENTINEL_MS, (options.retrySeconds * 1000) / 2);
    return new Redis({ ...common, ...sentinelOptions(address, common, silentMs) });
  }
  const [node] = address.nodes;
  return new Redis({ ...common, ...node, db: address.database });
}

const pauseAfter = (times: number): number => Math.min(PAUSE_MS * times, LONGEST_PAUSE_MS);

const connectCluster = (address: Address, redisOptions: Options): Cluster =>
  new Cluster([...address.nodes], {
    lazyConnect: true,
    redisOptions,
    clusterRetryStrategy: pauseAfter,
  });

/** After some silence of a sentinel the next one is asked. */
function sentinelOptions(address: Address, common: Options, silentMs: number): Options {
  const { password, username, tls } = common;
  return {
    sentinels: [...address.nodes],
    name: address.master,
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: pauseAfter,
    sentinelCommandTimeout: silentMs,
    reconnectOnError: (error) => error.message.startsWith("READONLY"), // it is the master no more
  };
}
