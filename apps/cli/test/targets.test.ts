// Repositories inside the backends we bring: each keeps every promise of a target, for clients that have opened the store
// apart from each other; and lives of stores whose backups lie there, against the model.
import { join } from "node:path";
import { fsBackend } from "@nadb/backend-fs";
import { redisBackend } from "@nadb/backend-redis";
import { backendTarget } from "@nadb/backup";
import { memoryBackend, type StorageBackend } from "@nadb/core";
import {
  backupModelSuite,
  type Environment,
  type OpenBackend,
  type OpenTarget,
  type Runner,
  targetConformance,
} from "@nadb/testkit";
import { describe, it } from "vitest";
import { sharedCluster, sharedServer } from "../../../packages/backend-redis/test/servers/index.js";

const server = sharedServer();
const cluster = sharedCluster();

/** Every client opens a backend of its own. */
const inBackend =
  (make: (environment: Environment) => StorageBackend, pieceBytes?: number): OpenTarget =>
  async (environment) => {
    const backend = make(environment);
    await backend.open();
    environment.defer(() => backend.close());
    const { clock } = environment;
    return backendTarget(backend, { clock, ...(pieceBytes === undefined ? {} : { pieceBytes }) });
  };

const onDisk = ({ folder, clock }: Environment): StorageBackend =>
  fsBackend({ path: join(folder(), "repository"), clock });

/** A flush takes its time. */
const patient: Runner = { describe, it: (name, body) => it(name, body, 120_000) };

describe.each<readonly [string, OpenTarget]>([
  ["a store on disk", inBackend(onDisk)],
  [
    "Redis",
    inBackend(({ storage, clock }) => redisBackend({ url: server().url, prefix: storage, clock })),
  ],
  [
    "a cluster, in four partitions",
    inBackend(({ storage, clock }) =>
      redisBackend({ url: cluster().url, prefix: storage, clock, partitions: 4 }),
    ),
  ],
])("a target in %s", (_, open) => {
  targetConformance(patient, open);
});

describe("backups in a repository inside a store on disk", () => {
  const memory: OpenBackend = ({ clock }) => memoryBackend({ clock });
  const engines = { from: memory, into: memory, repository: inBackend(onDisk, 700) };
  backupModelSuite(patient, engines, { runs: 4, runsPerTest: 2, shrinkTries: 20 });
});
