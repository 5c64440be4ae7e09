// SIGKILL at any instant: of processes that write to a server and to a cluster, and of the server itself, with every
// acknowledged write on its disk. NADB_KILLS=1000 kills more often; the draws are NADB_SEED's.
import { fileURLToPath } from "node:url";
import {
  type KillEnvironment,
  type KillPlace,
  type KillStorage,
  killSuite,
  type Runner,
} from "@nadb/testkit";
import { describe, it } from "vitest";
import { type RedisBackendOptions, redisBackend } from "../src/index.js";
import { partitionOf } from "../src/keys.js";
import {
  DURABLE,
  type Server,
  sharedCluster,
  sharedServer,
  startServer,
  untilTrue,
} from "./servers/index.js";

const TIMEOUT_MS = 60_000 + Number(process.env.NADB_KILLS || 20) * 2_000;
const patient: Runner = { describe, it: (name, body) => it(name, body, TIMEOUT_MS) };
const PARTITIONS = 4;
/** On a machine with much to do a server takes its time to start. */
const RETRY_SECONDS = 60;

type Options = Pick<RedisBackendOptions, "partitions" | "scriptMutations">;

const place = (storage: KillPlace["storage"]): KillPlace => ({
  program: fileURLToPath(new URL("programs/kill-victim.mjs", import.meta.url)),
  open: (options, clock) => redisBackend({ ...JSON.parse(options), clock }),
  storage,
});

const inPartitions = (one: KillPlace): KillPlace => ({
  ...one,
  scopeOf: (key) => `${partitionOf(key, PARTITIONS)}`,
});

function storageOn(
  nodes: readonly Server[],
  url: string,
  prefix: string,
  options: Options = {},
): KillStorage {
  return {
    name: JSON.stringify({ url, prefix, ...options, retrySeconds: RETRY_SECONDS }),
    settled: () => untilTrue("that clients are gone", () => areGone(nodes)),
  };
}

/** A server may have commands before it of a client that is dead. */
async function areGone(nodes: readonly Server[]): Promise<boolean> {
  const clients = await Promise.all(nodes.map((node) => node.call("CLIENT", "LIST")));
  return !clients.some((list) => String(list).includes("name=nadb"));
}

/** A server of the test's own. */
async function mortal({ storage, defer }: KillEnvironment): Promise<KillStorage> {
  const server = await startServer({ config: DURABLE });
  defer(() => server.stop());
  return { ...storageOn([server], server.url, storage), server };
}

describe("on a server", () => {
  const server = sharedServer({ config: DURABLE });
  const on = place(({ storage }) => storageOn([server()], server().url, storage));
  killSuite(patient, on, { kills: 30 });
});

describe("on a cluster", () => {
  const cluster = sharedCluster({ config: DURABLE });
  const on = (options?: Options): KillPlace =>
    place(({ storage }) => storageOn(cluster().nodes, cluster().url, storage, options));

  killSuite(patient, on(), { kills: 10 });

  describe(`in ${PARTITIONS} partitions, with commits in steps`, () => {
    const inSteps = on({ partitions: PARTITIONS, scriptMutations: 1 });
    killSuite(patient, inPartitions(inSteps), { kills: 10 });
  });
});

describe("a server that is killed", () => {
  killSuite(patient, place(mortal), { kills: 20, killed: "server" });
});
