import { backendConformance } from "@nadb/testkit";
import { describe, it } from "vitest";
import { redisBackend } from "../src/index.js";
import { sharedCluster } from "./servers/index.js";

const cluster = sharedCluster();

describe.each([1, 4])("on a cluster, in %d partitions", (partitions) => {
  backendConformance({ describe, it }, ({ storage: prefix, clock }) =>
    redisBackend({ url: cluster().url, prefix, clock, partitions }),
  );
});
