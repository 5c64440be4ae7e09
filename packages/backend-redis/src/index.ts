export type { RedisBackendOptions } from "./options.js";
export { redisPlugin } from "./plugin.js";
export { redisBackend } from "./redis-backend.js";
