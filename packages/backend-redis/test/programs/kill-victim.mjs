// What the kill suite kills. Its storage is named by options of the backend, as JSON.
import { redisBackend } from "@nadb/backend-redis";
import { killVictim } from "@nadb/testkit";

await killVictim((options, clock) => redisBackend({ ...JSON.parse(options), clock }));
