// One process of redis-server, on free ports of the loopback, in a folder of its own. Everything else here is made of
// these. Plain JavaScript with its types in redis-process.d.mts: the benchmarks and programs of tests use it without a
// build. INVARIANT: it never outlives its owner (keeper.mjs).
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { env } from "node:process";
import { newRoom } from "./keeper-client.mjs";
import { freePort, HOST } from "./ports.mjs";

const CONFIG_FILE = "redis.conf";
const ATTEMPTS = 5;
const PORT_TAKEN = /address already in use|failed listening on port/i;
/** What it logs when it serves, when it listens but still loads its data, and as a sentinel. */
const LOGGED = {
  ready: "Ready to accept connections",
  loading: "Server initialized",
  sentinel: "Sentinel ID is",
};
/** Nothing is saved and nothing is forked unless a test asks for it; a replica is served without delay. */
const DEFAULTS = {
  bind: HOST,
  save: '""',
  "auto-aof-rewrite-percentage": "0",
  "repl-diskless-sync-delay": "0",
};

/** REQUIRES: redis-server on PATH, or the path of one in NADB_REDIS_SERVER. */
export async function startRedis(options = {}) {
  const redis = new RedisProcess(options);
  try {
    await redis.begin();
    return redis;
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

class RedisProcess {
  #options;
  #ask = newRoom();
  #running = false;
  folder = "";
  pid = 0;
  ports = {};

  constructor(options) {
    this.#options = { config: {}, ports: ["port"], sentinel: false, freePort, ...options };
  }

  get port() {
    return this.ports["tls-port"] ?? this.ports.port;
  }

  async begin() {
    this.folder = (await this.#ask("open")).folder;
    await this.#options.prepare?.(this.folder);
    for (let attempt = 1; !(await this.#startedOnNewPorts(attempt < ATTEMPTS)); ) attempt++;
  }

  /** Starts it again on the same ports, in the same folder; `config` is added to its own. */
  async restart({ config = {}, until = "ready" } = {}) {
    await appendFile(join(this.folder, CONFIG_FILE), lines(config));
    await this.#run(until);
  }

  /** Sends the signal and waits for the end, in which nothing of the server runs any more. */
  async kill(signal = "SIGKILL") {
    await this.#ask("end", { signal });
    this.#running = false;
  }

  /** It keeps its connections and answers none. */
  async pause() {
    await this.#ask("signal", { signal: "SIGSTOP" });
  }

  async resume() {
    await this.#ask("signal", { signal: "SIGCONT" });
  }

  async log() {
    return (await this.#ask("log")).log;
  }

  /** Ends it, however it stands, and removes its folder. */
  async stop() {
    await this.#ask("close");
    this.#running = false;
  }

  get isRunning() {
    return this.#running;
  }

  async #startedOnNewPorts(mayFail) {
    const { ports, config } = this.#options;
    this.ports = {};
    for (const name of ports) this.ports[name] = await this.#options.freePort();
    const all = { ...DEFAULTS, port: "0", ...this.ports, ...config };
    await writeFile(join(this.folder, CONFIG_FILE), lines(all), { mode: 0o600 });
    try {
      await this.#run("ready");
      return true;
    } catch (error) {
      if (mayFail && PORT_TAKEN.test(error.message)) return false;
      throw error;
    }
  }

  async #run(until) {
    const { sentinel } = this.#options;
    const program = env.NADB_REDIS_SERVER || "redis-server";
    const args = sentinel ? [CONFIG_FILE, "--sentinel"] : [CONFIG_FILE];
    const ready = LOGGED[sentinel ? "sentinel" : until];
    try {
      this.pid = (await this.#ask("run", { program, args, ready })).pid;
    } catch (error) {
      throw new Error(`${program} does not run: ${error.message}`);
    }
    this.#running = true;
  }
}

/** A configuration file's lines; a list of values is one line for each. */
function lines(config) {
  return Object.entries(config)
    .flatMap(([name, values]) => [values].flat().map((value) => `${name} ${value}\n`))
    .join("");
}
