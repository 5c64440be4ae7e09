// How six servers become a cluster: slots are dealt out, all meet all, then each replica is given its master.
import { RedisCluster } from "./cluster.js";
import { type Config, startRedis } from "./redis-process.mjs";
import { idOf } from "./slot-move.js";
import { PASSWORD, Server, secrets } from "./standalone.js";

const SLOTS = 16_384;

export interface ClusterOptions {
  readonly masters?: number;
  /** Of each master. */
  readonly replicas?: number;
  readonly password?: string;
  readonly config?: Config;
}

const CONFIG: Config = {
  "cluster-enabled": "yes",
  "cluster-node-timeout": "2000",
  "cluster-replica-validity-factor": "0", // a replica takes over however long it has heard nothing
};

export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 1, password = PASSWORD, config = {} } = options;
  const nodes = await startNodes(masters * (1 + replicas), password, config);
  const cluster = new RedisCluster(password, nodes);
  try {
    await deal(nodes, masters);
    await introduce(nodes);
    await cluster.untilAcquainted();
    await follow(nodes, masters);
    await cluster.untilSettled();
    await Promise.all(nodes.slice(0, masters).map((master) => cluster.untilReplicated(master)));
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** All or none. */
async function startNodes(count: number, password: string, config: Config): Promise<Server[]> {
  const ports = ["port", "cluster-port"];
  const all = { ...CONFIG, ...secrets(password), ...config };
  const starts = Array.from({ length: count }, () => startRedis({ ports, config: all }));
  const settled = await Promise.allSettled(starts);
  const started = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = settled.find((one) => one.status === "rejected");
  if (failed === undefined) return started.map((process) => new Server(process, password));
  await Promise.all(started.map((process) => process.stop()));
  throw failed.reason;
}

/** REQUIRES: nobody has met anybody. */
async function deal(nodes: readonly Server[], masters: number): Promise<void> {
  for (const [i, node] of nodes.entries()) {
    await node.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
    if (i < masters) await node.call("CLUSTER", "ADDSLOTSRANGE", ...slotsOf(i, masters));
  }
}

/** The first and the last slot of the master of that number. */
const slotsOf = (i: number, masters: number): [number, number] => [
  Math.floor((i * SLOTS) / masters),
  Math.floor(((i + 1) * SLOTS) / masters) - 1,
];

/** Each with each: word of mouth would take seconds. */
async function introduce(nodes: readonly Server[]): Promise<void> {
  for (const [i, node] of nodes.entries()) {
    for (const { host, port, ports } of nodes.slice(0, i)) {
      await node.call("CLUSTER", "MEET", host, port, ports["cluster-port"] ?? 0);
    }
  }
}

async function follow(nodes: readonly Server[], masters: number): Promise<void> {
  const ids = await Promise.all(nodes.slice(0, masters).map(idOf));
  for (const [i, replica] of nodes.slice(masters).entries()) {
    await replica.call("CLUSTER", "REPLICATE", ids[i % masters] ?? "");
  }
}
