// A program that keeps the servers of one test process: it is told what to do by lines of JSON on its standard input and
// answers each with one line. INVARIANT: when that input ends, however its writer died, every server is killed through
// the handle it was started by, and the folders that were made for them are removed; nothing else is touched.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_MILLISECONDS = 20_000;
const LOG_CHARACTERS = 64 * 1024;

/** A folder, and the server that runs in it, if one does. */
class Room {
  #home = newHome();
  #server;
  #log = "";
  #ended = Promise.resolve();
  #watch = () => {};

  open() {
    return { folder: this.#home.folder };
  }

  /** Starts the server; answers when it has logged `ready`. */
  run({ program, args, ready }) {
    if (this.#runs()) throw new Error(`the server ${this.#server.pid} still runs`);
    this.#log = "";
    const options = { cwd: this.#home.folder, stdio: ["ignore", "pipe", "pipe"] };
    const server = spawn(program, args, options);
    this.#server = server;
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => this.#hear(text));
    }
    this.#ended = new Promise((resolve) => server.once("close", resolve));
    return this.#untilReady(server, ready);
  }

  signal({ signal }) {
    if (!this.#server?.kill(signal)) throw new Error("the server does not run");
    return {};
  }

  /** Answers once nothing of the server runs any more, also when it had ended before. */
  async end({ signal }) {
    this.#server?.kill(signal);
    await this.#ended;
    return {};
  }

  log() {
    return { log: this.#log };
  }

  async close() {
    await this.end({ signal: "SIGKILL" });
    this.#home.remove();
    return {};
  }

  #runs() {
    return this.#server !== undefined && this.#server.exitCode === null && !this.#server.signalCode;
  }

  #hear(text) {
    this.#log = (this.#log + text).slice(-LOG_CHARACTERS);
    this.#watch();
  }

  #untilReady(server, ready) {
    return new Promise((resolve, reject) => {
      const settle = (settled) => {
        clearTimeout(deadline);
        this.#watch = () => {};
        settled();
      };
      const refuse = (why) => settle(() => reject(new Error(`${why}. Its log:\n${this.#log}`)));
      const deadline = setTimeout(() => refuse("it did not start in time"), START_MILLISECONDS);
      this.#watch = () => this.#log.includes(ready) && settle(() => resolve({ pid: server.pid }));
      server.once("error", (error) => refuse(error.message));
      server.once("close", (code, signal) => refuse(`it ended (${signal ?? code})`));
    });
  }
}

/** Only the folder made here is ever removed. */
function newHome() {
  const folder = mkdtempSync(join(tmpdir(), "nadb-redis-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const rooms = new Map();
const VERBS = ["open", "run", "signal", "end", "log", "close"];

async function obey({ request, room, verb, ...rest }) {
  try {
    answer({ request, ...(await done(room, verb, rest)) });
  } catch (error) {
    answer({ request, error: error.message });
  }
}

async function done(room, verb, details) {
  if (!VERBS.includes(verb)) throw new Error(`no such verb: ${verb}`);
  if (verb === "open") rooms.set(room, new Room());
  if (verb === "close" && !rooms.has(room)) return {}; // closed already
  const did = await rooms.get(room)[verb](details);
  if (verb === "close") rooms.delete(room);
  return did;
}

function answer(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function endAll() {
  await Promise.allSettled([...rooms.values()].map((room) => room.close()));
  process.exit(0);
}

process.stdout.on("error", () => {}); // nobody listens any more; the input ends, too
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, endAll);
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => obey(JSON.parse(line)));
lines.on("close", endAll);
