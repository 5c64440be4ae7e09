// A cluster of masters with their replicas, each a process of its own.
// INVARIANT: what resolves here has happened as every node that runs sees it.
import { Cluster } from "ioredis";
import { type ClientOptions, Clients, QUIET } from "./clients.js";
import { type NodeView, ownerOf, summary, viewOf } from "./cluster-view.js";
import { HOST } from "./ports.mjs";
import { follows, isMaster, offsetOf } from "./replication.js";
import { SlotMove } from "./slot-move.js";
import { loginOf, type Server } from "./standalone.js";
import { until, untilTrue } from "./until.js";

export class RedisCluster {
  readonly password: string;
  /** The first of them were the masters when they were started. */
  readonly nodes: readonly Server[];
  readonly #clients = new Clients();

  constructor(password: string, nodes: readonly Server[]) {
    this.password = password;
    this.nodes = nodes;
  }

  get addresses(): { host: string; port: number }[] {
    return this.nodes.map(({ port }) => ({ host: HOST, port }));
  }

  get running(): Server[] {
    return this.nodes.filter((node) => node.isRunning);
  }

  /** Of the backend. */
  get url(): string {
    const hosts = this.nodes.map(({ port }) => `${HOST}:${port}`);
    return `redis+cluster://${loginOf(this.password)}${hosts}`;
  }

  /** A client of the whole cluster, which follows -MOVED and -ASK by itself. */
  client(options: ClientOptions = {}): Cluster {
    const redisOptions = { password: this.password, disableClientInfo: true, ...options };
    const clusterRetryStrategy = QUIET.retryStrategy;
    const client = new Cluster(this.addresses, { redisOptions, clusterRetryStrategy });
    client.on("error", () => {}); // told by the commands
    return this.#clients.keep(client);
  }

  async slotOf(key: string): Promise<number> {
    return (await this.#anyone().call("CLUSTER", "KEYSLOT", key)) as number;
  }

  /** Who all nodes call the owner of the slot. */
  async masterOf(slot: number): Promise<Server> {
    await this.untilSettled();
    return this.#serverOf(ownerOf(await viewOf(this.#anyone()), slot));
  }

  /** The replicas of a master that run. */
  async replicasOf(master: Server): Promise<Server[]> {
    const view = await viewOf(this.#anyone());
    const id = view.find(({ port }) => port === master.port)?.id;
    const replicas = view.filter(({ masterId }) => masterId === id);
    return replicas.map((replica) => this.#serverOf(replica)).filter((one) => one.isRunning);
  }

  /** Leaves the slot between both until the move is finished. */
  async beginMove(slot: number, to: Server): Promise<SlotMove> {
    const from = await this.masterOf(slot);
    const view = await viewOf(from);
    const masters = view.filter(({ flags }) => flags.includes("master"));
    return SlotMove.begin({ slot, from, to, masters: masters.map((one) => this.#serverOf(one)) });
  }

  /**
   * A replica takes over from `old`: "command" hands over in order, "kill" kills the master. Answers the new master,
   * which takes writes.
   */
  async failover(old: Server, { by }: { by: "command" | "kill" }): Promise<Server> {
    await this.untilReplicated(old);
    const replicas = await this.replicasOf(old);
    if (by === "kill") await old.kill();
    else await replicas[0]?.call("CLUSTER", "FAILOVER");
    const next = await until("the failover", () => firstMaster(replicas));
    await this.untilSettled();
    return next;
  }

  /** The replicas that run have what the master has at this moment. */
  async untilReplicated(master: Server): Promise<void> {
    const replicas = await this.replicasOf(master);
    const offset = await offsetOf(master);
    await untilTrue("that the replicas follow", async () => {
      const reached = await Promise.all(replicas.map((one) => follows(one, master, offset)));
      return reached.every(Boolean);
    });
  }

  /** Every node that runs serves, and all of them believe the same. */
  async untilSettled(): Promise<void> {
    await untilTrue("that the nodes agree", async () => {
      const views = await Promise.all(this.running.map(viewOf));
      const states = await Promise.all(this.running.map(serves));
      const agreed = new Set(views.map(summary)).size === 1;
      return agreed && states.every(Boolean) && views.every((view) => this.#isComplete(view));
    });
  }

  /** Every node that runs has met every other. */
  async untilAcquainted(): Promise<void> {
    await untilTrue("that the nodes know each other", async () => {
      const views = await Promise.all(this.running.map(viewOf));
      return views.every((view) => this.#isComplete(view));
    });
  }

  async clear(): Promise<void> {
    const leads = await Promise.all(this.running.map(isMaster));
    await Promise.all(this.running.filter((_, i) => leads[i]).map((master) => master.clear()));
  }

  async stop(): Promise<void> {
    this.#clients.disconnect();
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Nobody that runs is missing or suspected. */
  #isComplete(view: readonly NodeView[]): boolean {
    const running = new Set(this.running.map(({ port }) => port));
    const present = view.filter(({ port }) => running.has(port));
    return present.length === running.size && !present.some(isSuspected);
  }

  #anyone(): Server {
    const [node] = this.running;
    if (node === undefined) throw new Error("no node of the cluster runs");
    return node;
  }

  #serverOf(view: NodeView | undefined): Server {
    const server = this.nodes.find(({ port }) => port === view?.port);
    if (server === undefined) throw new Error(`no node of the cluster has port ${view?.port}`);
    return server;
  }
}

const isSuspected = ({ flags }: NodeView): boolean =>
  flags.some((flag) => /fail|handshake|noaddr/.test(flag));

async function serves(node: Server): Promise<boolean> {
  return String(await node.call("CLUSTER", "INFO")).includes("cluster_state:ok");
}

async function firstMaster(servers: readonly Server[]): Promise<Server | undefined> {
  const leads = await Promise.all(servers.map(isMaster));
  return servers[leads.indexOf(true)];
}
