// Backups between the engines we bring against the model: in a repository on disk between those on disk, else in memory.
import { join } from "node:path";
import { fsBackend } from "@nadb/backend-fs";
import { redisBackend } from "@nadb/backend-redis";
import { directoryTarget } from "@nadb/backup";
import { memoryBackend } from "@nadb/core";
import { backupModelSuite, type OpenBackend, type OpenTarget, type Runner } from "@nadb/testkit";
import { describe, it } from "vitest";
import { sharedCluster, sharedServer } from "../../../packages/backend-redis/test/servers/index.js";

const server = sharedServer();
const cluster = sharedCluster();

const memory: OpenBackend = ({ clock }) => memoryBackend({ clock });
const fs: OpenBackend = ({ folder, clock }) => fsBackend({ path: folder(), clock });
const redis: OpenBackend = ({ storage: prefix, clock }) =>
  redisBackend({ url: server().url, prefix, clock });
const partitioned: OpenBackend = ({ storage: prefix, clock }) =>
  redisBackend({ url: cluster().url, prefix, clock, partitions: 4 });
const onDisk: OpenTarget = ({ folder }) => directoryTarget(join(folder(), "backups"));

/** A flush takes its time, so does making a failing sequence shorter. */
const patient: Runner = { describe, it: (name, body) => it(name, body, 120_000) };
const FEW = { runs: 6, runsPerTest: 2, shrinkTries: 30 };

describe.each([
  ["from memory to fs", memory, fs, 4],
  ["from fs to memory", fs, memory, 4],
  ["from fs to fs", fs, fs, 6],
])("%s", (_name, from, into, runs) => {
  backupModelSuite(patient, { from, into, repository: onDisk }, { ...FEW, runs });
});

describe.each([
  ["from Redis to fs", redis, fs],
  ["from memory to Redis", memory, redis],
  ["from a cluster in 4 partitions to memory", partitioned, memory],
  ["from Redis to a cluster in 4 partitions", redis, partitioned],
])("%s", (_name, from, into) => {
  backupModelSuite(patient, { from, into }, FEW);
});
