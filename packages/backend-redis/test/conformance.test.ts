import { backendConformance } from "@nadb/testkit";
import { describe, it } from "vitest";
import { redisBackend } from "../src/index.js";
import { sharedServer } from "./servers/index.js";

const server = sharedServer();

describe.each([1, 4])("on a server, in %d partitions", (partitions) => {
  backendConformance({ describe, it }, ({ storage: prefix, clock }) =>
    redisBackend({ url: server().url, prefix, clock, partitions }),
  );
});
