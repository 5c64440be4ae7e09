export { redisPlugin } from "./plugin.js";
export { type RedisBackendOptions, redisBackend } from "./redis-backend.js";
