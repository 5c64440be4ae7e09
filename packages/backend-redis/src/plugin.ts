// redis: URLs for programs that find backends by them.
import type { BackendPlugin } from "@nadb/core";
import { redisBackend } from "./redis-backend.js";

export const redisPlugin: BackendPlugin = {
  name: "redis",
  schemes: [
    "redis",
    "rediss",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
  ],
  open: (url, { clock, create }) =>
    redisBackend({
      url,
      ...(clock === undefined ? {} : { clock }),
      ...(create === undefined ? {} : { create }),
    }),
};
