// A master, two replicas and three sentinels that watch over them.
// INVARIANT: what resolves here has happened as all three sentinels see it.
import { Redis } from "ioredis";
import { type ClientOptions, Clients, QUIET } from "./clients.js";
import { HOST } from "./ports.mjs";
import type { RedisProcess } from "./redis-process.mjs";
import { follows, isMaster, offsetOf } from "./replication.js";
import { loginOf, type Server } from "./standalone.js";
import { until, untilTrue } from "./until.js";

export const NAME = "nadb";
/** How often sentinels look, write and ask, in milliseconds; a machine room would have seconds. */
const PERIODS = ["info-period", "200", "publish-period", "200", "ask-period", "200"];

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Passwords {
  readonly password: string;
  /** Of the sentinels themselves; "" for none. */
  readonly sentinelPassword: string;
}

export class Sentinels {
  readonly name = NAME;
  readonly password: string;
  readonly sentinelPassword: string;
  /** The first was the master when they were started. */
  readonly servers: readonly Server[];
  readonly sentinels: readonly RedisProcess[];
  readonly #clients = new Clients();
  readonly #talks: readonly Redis[];

  constructor(
    { password, sentinelPassword }: Passwords,
    servers: readonly Server[],
    sentinels: readonly RedisProcess[],
  ) {
    this.password = password;
    this.sentinelPassword = sentinelPassword;
    this.servers = servers;
    this.sentinels = sentinels;
    const login = sentinelPassword === "" ? {} : { password: sentinelPassword };
    this.#talks = sentinels.map(({ port }) => this.#clients.connect(port, login));
  }

  /** Where the sentinels answer. */
  get addresses(): Address[] {
    return this.sentinels.map(({ port }) => ({ host: HOST, port }));
  }

  /** Of the backend, with the password of the servers. */
  get url(): string {
    const hosts = this.sentinels.map(({ port }) => `${HOST}:${port}`);
    return `redis+sentinel://${loginOf(this.password)}${hosts}/${this.name}`;
  }

  /** A connection to the master of the moment, found by the sentinels. */
  client(options: ClientOptions = {}): Redis {
    const { addresses: sentinels, name, password, sentinelPassword } = this;
    const found = { sentinels, name, password, ...(sentinelPassword && { sentinelPassword }) };
    const retry = { ...QUIET, sentinelRetryStrategy: QUIET.retryStrategy };
    const client = this.#clients.keep(new Redis({ ...found, ...retry, ...options }));
    client.on("error", () => {}); // told by the commands
    return client;
  }

  /** The server that all sentinels call the master. */
  master(): Promise<Server> {
    return until("that all sentinels name one master", () => this.#agreed());
  }

  /** "command" hands over in order; "kill" kills the master first. Answers the new master, which takes writes. */
  async failover({ by }: { by: "command" | "kill" }): Promise<Server> {
    const old = await this.master();
    await this.untilReplicated();
    if (by === "kill") await old.kill();
    else await this.#handOver();
    return until("the failover", async () => {
      const next = await this.#agreed();
      return next !== undefined && next !== old && (await isMaster(next)) ? next : undefined;
    });
  }

  /** Every server that runs has what the master has at this moment, and the sentinels know it for a replica. */
  async untilReplicated(): Promise<void> {
    let master = await this.master();
    let offset = await offsetOf(master);
    await untilTrue("that the replicas follow", async () => {
      const now = await this.master(); // on a busy machine it may be another by now
      if (now !== master) [master, offset] = [now, await offsetOf(now)];
      const others = this.servers.filter((server) => server !== master && server.isRunning);
      const followers = await Promise.all(others.map((one) => follows(one, master, offset)));
      const seen = await Promise.all(this.#talks.map((talk) => this.#replicasSeenBy(talk)));
      return followers.every(Boolean) && seen.every((count) => count === others.length);
    });
  }

  /** Done with the start: each sentinel knows the replicas and its like. */
  async untilAcquainted(): Promise<void> {
    await Promise.all(this.#talks.map((talk) => talk.call("SENTINEL", "DEBUG", ...PERIODS)));
    const known = `slaves=${this.servers.length - 1},sentinels=${this.sentinels.length}`;
    await untilTrue("that the sentinels know each other", async () => {
      const infos = await Promise.all(this.#talks.map((talk) => talk.info("sentinel")));
      return infos.every((info) => info.includes(known) && info.includes("status=ok"));
    });
    await this.untilReplicated();
  }

  async clear(): Promise<void> {
    await (await this.master()).clear();
  }

  async stop(): Promise<void> {
    this.#clients.disconnect();
    await Promise.all([...this.servers, ...this.sentinels].map((one) => one.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Refused while another failover is under way. */
  async #handOver(): Promise<void> {
    await until("that a failover may begin", async () =>
      this.#talks[0]?.call("SENTINEL", "FAILOVER", this.name),
    );
  }

  async #replicasSeenBy(talk: Redis): Promise<number> {
    const replicas = (await talk.call("SENTINEL", "REPLICAS", this.name)) as string[][];
    return replicas.filter((fields) => isGood(fieldsOf(fields))).length;
  }

  async #agreed(): Promise<Server | undefined> {
    const named = await Promise.all(this.#talks.map((talk) => this.#namedBy(talk)));
    return named.every((port) => port === named[0])
      ? this.servers.find(({ port }) => port === named[0])
      : undefined;
  }

  async #namedBy(talk: Redis): Promise<number> {
    const address = await talk.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.name);
    return Number((address as string[])[1]);
  }
}

const fieldsOf = (flat: readonly string[]): Map<string, string> =>
  new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ""]] : [])));

const isGood = (replica: Map<string, string>): boolean =>
  replica.get("flags") === "slave" && replica.get("master-link-status") === "ok";
