// One server with a password, on a free port: the process of redis-process.mjs and the clients that talk to it.
import type { Redis } from "ioredis";
import { type ClientOptions, Clients } from "./clients.js";
import { HOST } from "./ports.mjs";
import { type Config, type RedisProcess, type Restart, startRedis } from "./redis-process.mjs";
import { makeCertificate, readCertificate, TLS_CONFIG } from "./tls.js";

/** The password of every server here, unless a test wants another. */
export const PASSWORD = "a secret/of tests";

/** Every command that was answered is on disk. */
export const DURABLE: Config = { appendonly: "yes", appendfsync: "always" };

export interface ServerOptions {
  /** "" for none. */
  readonly password?: string;
  /** Users and their rules: `{ reader: "on >secret ~* +@read" }`. */
  readonly users?: Readonly<Record<string, string>>;
  readonly config?: Config;
  /** Listens for TLS only, with a certificate made for it. REQUIRES: `hasOpenssl()`. */
  readonly tls?: boolean;
}

export class Server {
  readonly host = HOST;
  readonly password: string;
  /** The authority to trust, of a server that speaks TLS. */
  readonly certificate: string | undefined;
  readonly #process: RedisProcess;
  readonly #clients = new Clients();
  #own: Redis | undefined;

  constructor(process: RedisProcess, password: string, certificate?: string) {
    this.#process = process;
    this.password = password;
    this.certificate = certificate;
  }

  get port(): number {
    return this.#process.port;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get folder(): string {
    return this.#process.folder;
  }

  /** The ports by the directive that names them. */
  get ports(): Readonly<Record<string, number>> {
    return this.#process.ports;
  }

  /** False between `kill` and `restart`. */
  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** redis:// or rediss://, with the password in it. */
  get url(): string {
    return this.urlAt(this.port);
  }

  /** The same by way of another port, as of a proxy, or as another user. */
  urlAt(port: number, user = "", password = this.password): string {
    const scheme = this.certificate ? "rediss" : "redis";
    return `${scheme}://${loginOf(password, user)}${this.host}:${port}`;
  }

  /** A connection, closed when the server is stopped. */
  client(options: ClientOptions = {}): Redis {
    const tls = this.certificate && { tls: { ca: this.certificate } };
    return this.#clients.connect(this.port, { password: this.password, ...tls, ...options });
  }

  /** One command over a connection of our own; fails at once when the server is down. */
  async call(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    this.#own ??= this.client({ maxRetriesPerRequest: 0 });
    return this.#own.call(command, ...args);
  }

  /** Without data, the scripts and functions stay. */
  async clear(): Promise<void> {
    await this.call("FLUSHALL");
  }

  restart(options?: Restart): Promise<void> {
    return this.#process.restart(options);
  }

  /** Waits for the end; SIGKILL if no signal is given. */
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void> {
    return this.#process.kill(signal);
  }

  /** It keeps its connections and answers none, until it resumes. */
  pause(): Promise<void> {
    return this.#process.pause();
  }

  resume(): Promise<void> {
    return this.#process.resume();
  }

  log(): Promise<string> {
    return this.#process.log();
  }

  /** Ends it, however it stands, and removes its folder. */
  async stop(): Promise<void> {
    this.#clients.disconnect();
    await this.#process.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const { password = PASSWORD, users = {}, tls = false } = options;
  const user = Object.entries(users).map(([name, rules]) => `${name} ${rules}`);
  const process = await startRedis({
    config: { ...secrets(password), ...(tls && TLS_CONFIG), user, ...options.config },
    ...(tls && { ports: ["tls-port"], prepare: makeCertificate }),
  });
  return new Server(process, password, tls ? await readCertificate(process.folder) : undefined);
}

/** What stands before the host of a URL. */
export const loginOf = (password: string, user = ""): string =>
  password === "" ? "" : `${user}:${encodeURIComponent(password)}@`;

/** Asked of clients, and given to servers it replicates from. */
export function secrets(password: string): Config {
  return password === "" ? {} : { requirepass: `"${password}"`, masterauth: `"${password}"` };
}
