// How three servers and three sentinels come to know each other.
import { HOST } from "./ports.mjs";
import { type Config, type RedisProcess, startRedis } from "./redis-process.mjs";
import { NAME, type Passwords, Sentinels } from "./sentinel.js";
import { PASSWORD, type Server, secrets, startServer } from "./standalone.js";

const REPLICAS = 2;
const SENTINELS = 3;
const QUORUM = 2;

export interface SentinelOptions extends Partial<Passwords> {
  /** Of the master and the replicas. */
  readonly config?: Config;
}

export async function startSentinel(options: SentinelOptions = {}): Promise<Sentinels> {
  const { password = PASSWORD, sentinelPassword = "", config = {} } = options;
  const servers: Server[] = [];
  const sentinels: RedisProcess[] = [];
  try {
    const master = await startServer({ password, config });
    servers.push(master);
    const replica = { ...config, replicaof: `${HOST} ${master.port}` };
    while (servers.length <= REPLICAS)
      servers.push(await startServer({ password, config: replica }));
    while (sentinels.length < SENTINELS) sentinels.push(await watch(master, sentinelPassword));
    const all = new Sentinels({ password, sentinelPassword }, servers, sentinels);
    await all.untilAcquainted();
    return all;
  } catch (error) {
    await Promise.all([...servers, ...sentinels].map((one) => one.stop()));
    throw error;
  }
}

function watch({ host, port, password }: Server, own: string): Promise<RedisProcess> {
  const sentinel = [
    `monitor ${NAME} ${host} ${port} ${QUORUM}`,
    `down-after-milliseconds ${NAME} 2000`,
    `failover-timeout ${NAME} 5000`,
    ...(password === "" ? [] : [`auth-pass ${NAME} "${password}"`]),
    ...(own === "" ? [] : [`sentinel-pass "${own}"`]),
  ];
  return startRedis({ sentinel: true, config: { ...secrets(own), sentinel } });
}
