// Clients by URL:
//
//   redis://user:password@host:port/db         rediss:// with TLS
//   redis+sentinel://user:password@host:port,host:port/master-name        rediss+sentinel:// with TLS
//   redis+cluster://user:password@host:port,host:port                     rediss+cluster:// with TLS
//
// What stands behind "?" is for the backend (plugin.ts).
import { invalidArgument, quote, withoutPassword } from "@nadb/core";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Client } from "./link.js";

/** The types of ioredis do not take their own options with exactOptionalPropertyTypes. */
type Options = Omit<RedisOptions, "replyMapping">;

export interface ConnectOptions {
  /** For how long a lost server is looked for before calls fail. */
  readonly retrySeconds: number;
  /** Of Node's `tls.connect`, for rediss:. */
  readonly tls?: Record<string, unknown>;
}

interface Address {
  readonly isSecure: boolean;
  readonly kind: "single" | "sentinel" | "cluster";
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Behind the slash: a database's number, or the name of a master. */
  readonly path: string;
}

const URL_PATTERN =
  /^(rediss?)(\+sentinel|\+cluster)?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?(?:\?[^#]*)?$/;
const DEFAULT_PORT = { single: 6379, sentinel: 26_379, cluster: 6379 } as const;
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 500;
const LOADING_PAUSE_MS = 200;
const SENTINEL_MS = 2_000;

/** Throws NADB_INVALID_ARGUMENT. */
export function connect(url: string, options: ConnectOptions): Client {
  const address = parseAddress(url);
  const common: Options = {
    lazyConnect: true,
    connectionName: "nadb",
    connectTimeout: options.retrySeconds * 1000,
    retryStrategy: pauseAfter, // without an end: how long calls wait is for link.ts to say
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
  return new Redis({ ...common, ...node, db: databaseOf(url, address.path) });
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
    name: address.path || "mymaster",
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: pauseAfter,
    sentinelCommandTimeout: silentMs,
    reconnectOnError: (error) => error.message.startsWith("READONLY"), // it is the master no more
  };
}

function parseAddress(url: string): Address {
  const match = URL_PATTERN.exec(url);
  if (match === null) throw notAnAddress(url);
  const [, scheme, kind = "", user, hosts, path = ""] = match;
  const where = kind === "" ? "single" : (kind.slice(1) as "sentinel" | "cluster");
  const nodes = (hosts as string)
    .split(",")
    .map((host) => parseHost(url, host, DEFAULT_PORT[where]));
  if (where === "single" && nodes.length > 1) throw notAnAddress(url);
  if (where === "cluster" && path !== "") throw notAnAddress(url);
  const colon = (user ?? "").indexOf(":");
  const [username, password] =
    user === undefined
      ? [undefined, undefined]
      : colon < 0
        ? [user, undefined]
        : [user.slice(0, colon), user.slice(colon + 1)];
  return {
    isSecure: scheme === "rediss",
    kind: where,
    username: decoded(url, username || undefined),
    password: decoded(url, password),
    nodes,
    path: decoded(url, path) as string,
  };
}

function parseHost(url: string, text: string, defaultPort: number) {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? defaultPort);
  if (match === null || port < 1 || port > 65_535) throw notAnAddress(url);
  return { host: (match[1] as string).replace(/^\[|\]$/g, ""), port };
}

function databaseOf(url: string, path: string): number {
  if (path === "") return 0;
  if (/^\d{1,6}$/.test(path)) return Number(path);
  throw notAnAddress(url);
}

function decoded(url: string, text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    throw notAnAddress(url);
  }
}

const notAnAddress = (url: string) =>
  invalidArgument(
    `${quote(withoutPassword(url))} is no address of Redis`,
    "write redis://host:6379, rediss://… for TLS, redis+sentinel://host,host/master or redis+cluster://host,host",
  );
