// The Redis backend, loaded when a URL asks for it: a command on a folder need not wait for a client of Redis.
import type { BackendPlugin } from "@nadb/core";

export const lazyRedisPlugin: BackendPlugin = {
  name: "redis",
  schemes: [
    "redis",
    "rediss",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
  ],
  open: async (url, options) =>
    (await import("@nadb/backend-redis")).redisPlugin.open(url, options),
};
