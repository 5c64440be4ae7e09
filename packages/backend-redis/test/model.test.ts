// The store on Redis against the model, every write committed at once and buffered.
import { modelSuite } from "@nadb/testkit";
import { describe, it } from "vitest";
import { redisBackend } from "../src/index.js";
import { sharedCluster, sharedServer } from "./servers/index.js";

const OPTIONS = { runs: 30, runsPerTest: 10, shrinkTries: 50 };

describe("on a server", () => {
  const server = sharedServer();
  modelSuite(
    { describe, it },
    ({ storage: prefix, clock }) => redisBackend({ url: server().url, prefix, clock }),
    OPTIONS,
  );

  describe("with commits in steps", () => {
    modelSuite(
      { describe, it },
      ({ storage: prefix, clock }) =>
        redisBackend({ url: server().url, prefix, clock, scriptMutations: 1 }),
      OPTIONS,
    );
  });
});

describe("on a cluster", () => {
  const cluster = sharedCluster();
  modelSuite(
    { describe, it },
    ({ storage: prefix, clock }) => redisBackend({ url: cluster().url, prefix, clock }),
    OPTIONS,
  );

  describe("in 4 partitions", () => {
    modelSuite(
      { describe, it },
      ({ storage: prefix, clock }) =>
        redisBackend({ url: cluster().url, prefix, clock, partitions: 4 }),
      OPTIONS,
    );
  });
});
