// The connection: sends scripts by their hash and tells failures in our words. All that is sent may be sent again: a script
// answers as it did the first time. INVARIANT: a call ends within the time that a lost, silent or busy server is given;
// as long as bytes flow on its connection it is not held to be lost.
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { NadbError } from "@nadb/core";
import type { Cluster, Redis } from "ioredis";
import { type Answered, Call } from "./call.js";
import {
  type Circumstances,
  failure,
  isRetryable,
  Lost,
  outcomeUnknown,
  tooFewReplicas,
} from "./failures.js";
import type { Request } from "./request.js";
import type { Argument, Reply } from "./wire.js";

export type { Argument, Reply } from "./wire.js";

export type Client = Redis | Cluster;
/** no-writes: also where writes are refused. allow-oom: also at the server's maxmemory. */
export type Flag = "no-writes" | "allow-oom";

export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
  readonly flag: Flag | undefined;
  /** Answers are worth something only once replicas have what it wrote, if the backend waits for them. */
  readonly waits: boolean;
  /** Whoever gets no answer must know that it may have happened. */
  readonly commits: boolean;
}

type ScriptOptions = Partial<Pick<Script, "flag" | "waits" | "commits">>;

export function script(name: string, text: string, options: ScriptOptions = {}): Script {
  const { flag, waits = false, commits = false } = options;
  const flagged = flag === undefined ? text : text.replace("#!lua", `#!lua flags=${flag}`);
  const sha = createHash("sha1").update(flagged).digest("hex");
  return { name, text: flagged, sha, flag, waits, commits };
}

export interface Wait {
  readonly replicas: number;
  readonly timeoutMs: number;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;
/** How often calls are looked at that have waited for long. */
const WATCH_MS = 100;

export interface LinkOptions {
  readonly client: Client;
  /** For how long a server that is lost, or says "not now", is asked again. */
  readonly retrySeconds: number;
  /** Replicas that must have what a commit wrote. */
  readonly wait?: Wait | undefined;
  /** A connection that is silent for long is cut, so that another is tried; without this, only who waits is told. */
  readonly cuts?: boolean;
  /** Read when something has failed. */
  readonly circumstances?: () => Circumstances;
}

export class Link {
  readonly client: Client;
  readonly #retryMs: number;
  readonly #wait: Wait | undefined;
  readonly #cuts: boolean;
  readonly #circumstances: () => Circumstances;
  readonly #calls = new Set<Call>();
  readonly #pending = new Set<Promise<unknown>>();
  #watch: NodeJS.Timeout | undefined;
  /** Why nothing is sent any more. */
  #end: Error | undefined;
  /** Why nothing is written, where the user may only read. */
  forbidden: Error | undefined;

  constructor(options: LinkOptions) {
    const { client, retrySeconds, wait, cuts = false, circumstances = () => ({}) } = options;
    this.client = client;
    this.#retryMs = retrySeconds * 1000;
    this.#wait = wait;
    this.#cuts = cuts;
    this.#circumstances = circumstances;
  }

  /** The key says which server runs it. */
  async run(script: Script, key: string, args: readonly Argument[]): Promise<Reply> {
    if (script.flag !== "no-writes" && this.forbidden !== undefined) throw this.forbidden;
    const send = async (call: Call): Promise<Reply> => {
      const answered = await this.#runOnce(call, script, key, args);
      if (script.waits && this.#wait !== undefined) await this.#waitFor(call, answered, this.#wait);
      return answered.reply;
    };
    return this.#patiently(new Call(script.name, script.commits), send);
  }

  command(name: string, args: readonly Argument[]): Promise<Reply> {
    const send = async (call: Call): Promise<Reply> => (await this.#send(call, name, args)).reply;
    return this.#patiently(new Call(name), send);
  }

  /** The same of every server that takes writes. */
  everywhere(name: string, args: readonly Argument[]): Promise<Reply[]> {
    return this.#patiently(new Call(name), async (call) => {
      const { reply } = await this.#send(call, name, args); // a cluster knows its servers once one of them has answered
      const masters = mastersOf(this.client);
      if (masters === undefined) return [reply];
      const replies: Reply[] = [];
      for (const master of masters) {
        replies.push((await call.ask(name, args, (request) => master.sendCommand(request))).reply);
      }
      return replies;
    });
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  /** Whether somebody's answer may come on this connection. */
  isAwaited(connection: Socket): boolean {
    return [...this.#calls].some((call) => call.waitsFor(connection));
  }

  /** No connection will come about: whoever waits for one need not. */
  giveUp(error: Error): void {
    for (const call of this.#calls) if (call.isStranded) call.giveUp(error);
  }

  /** Ends all that is under way, and all that comes. */
  end(error: Error): void {
    this.#end = error;
    for (const call of this.#calls) call.giveUp(error);
  }

  #send(call: Call, name: string, args: readonly Argument[]): Promise<Answered> {
    return call.ask(name, args, (request) => this.client.sendCommand(request));
  }

  async #runOnce(
    call: Call,
    script: Script,
    key: string,
    args: readonly Argument[],
  ): Promise<Answered> {
    try {
      return await this.#send(call, "evalsha", [script.sha, 1, key, ...args]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return await this.#send(call, "eval", [script.text, 1, key, ...args]);
    }
  }

  /** WAIT counts what its own connection has written, so it goes down the same one, or the script runs again. */
  async #waitFor(call: Call, { request }: Answered, { replicas, timeoutMs }: Wait): Promise<void> {
    call.mayHaveHappened = true;
    const node = nodeOf(this.client, request);
    if (node === undefined) throw new Lost("the connection was lost before replicas were asked");
    const waited = await call.ask("wait", [replicas, timeoutMs], (one) => node.sendCommand(one));
    if (waited.request.connection !== request.connection) {
      throw new Lost("the connection was lost while replicas were asked");
    }
    const have = Number(waited.reply);
    if (have < replicas) throw tooFewReplicas(call.commits, have, replicas, timeoutMs);
  }

  async #patiently<T>(call: Call, send: (call: Call) => Promise<T>): Promise<T> {
    if (this.#end !== undefined) throw this.#end;
    const work = this.#retry(call, send);
    this.#calls.add(call);
    this.#pending.add(work);
    this.#watch ??= setInterval(() => this.#look(), this.#watchMs);
    try {
      return await work;
    } finally {
      this.#calls.delete(call);
      this.#pending.delete(work);
      if (this.#calls.size === 0) this.#rest();
    }
  }

  async #retry<T>(call: Call, send: (call: Call) => Promise<T>): Promise<T> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await send(call);
      } catch (error) {
        if (!isRetryable(error) || this.#isLate(call, pause)) throw this.#failure(call, error);
      }
      await call.pause(pause).catch((error) => {
        throw this.#failure(call, error);
      });
    }
  }

  #isLate({ startedAt }: Call, pause: number): boolean {
    return this.client.status === "end" || performance.now() - startedAt + pause > this.#retryMs;
  }

  #failure(call: Call, error: unknown): NadbError {
    const failed = failure(call.doing, error, this.#circumstances());
    return call.commits && call.mayHaveHappened ? outcomeUnknown(failed) : failed;
  }

  get #watchMs(): number {
    return Math.min(WATCH_MS, this.#retryMs);
  }

  /** Gives up what has waited for long and has no connection, or one on which nothing flows. */
  #look(): void {
    const before = performance.now() - this.#retryMs;
    const looks = Math.ceil(this.#retryMs / this.#watchMs);
    for (const call of this.#calls) {
      const silent = call.silent(looks);
      if (call.isStranded) {
        if (call.startedAt <= before) call.giveUp(this.#lost());
      } else if (silent !== undefined) {
        const error = new Lost("the server is silent");
        if (this.#cuts) silent.destroy(error);
        else call.giveUp(error);
      }
    }
  }

  #lost(): Lost {
    const isConnected = this.client.status === "connect";
    return new Lost(isConnected ? "it does not get ready (LOADING?)" : "it does not answer");
  }

  #rest(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}

/** Undefined where there is but one server. */
function mastersOf(client: Client): readonly Redis[] | undefined {
  return client.isCluster ? (client as Cluster).nodes("master") : undefined;
}

/** The client of the one connection that a request was written to. */
function nodeOf(client: Client, { connection }: Request): Redis | undefined {
  const nodes = client.isCluster ? (client as Cluster).nodes("all") : [client as Redis];
  return nodes.find(({ stream }) => stream === connection);
}

export const word = (reply: Reply | undefined): string =>
  reply === null || reply === undefined ? "" : String(reply);
