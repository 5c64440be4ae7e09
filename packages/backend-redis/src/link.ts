// The connection: sends scripts by their hash and tells failures in our words. A script that is sent again after a lost
// connection answers as it did the first time, so the client may resend whatever it has had no answer to.
import { createHash } from "node:crypto";
import { Cluster, Command, type Redis } from "ioredis";
import { failure, isRetryable, tooFewReplicas } from "./failures.js";

export type Client = Redis | Cluster;
export type Argument = string | Buffer | number;

/** A reply as Redis gives it; texts are bytes. */
export type Reply = Buffer | number | null | readonly Reply[];

export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
  /** Answers are worth something only once replicas have what it wrote, if the backend waits for them. */
  readonly waits: boolean;
}

export const script = (name: string, text: string, { waits = false } = {}): Script => ({
  name,
  text,
  sha: createHash("sha1").update(text).digest("hex"),
  waits,
});

export interface Wait {
  readonly replicas: number;
  readonly timeoutMs: number;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

export interface LinkOptions {
  readonly client: Client;
  /** Closed with the backend. */
  readonly owned: boolean;
  /** For how long a server that says "not now" is asked again. */
  readonly retrySeconds: number;
  /** Replicas that must have what a commit wrote. */
  readonly wait?: Wait | undefined;
}

export class Link {
  readonly client: Client;
  readonly owned: boolean;
  readonly #retryMs: number;
  readonly #wait: Wait | undefined;
  readonly #pending = new Set<Promise<unknown>>();

  constructor({ client, owned, retrySeconds, wait }: LinkOptions) {
    this.#wait = wait;
    this.client = client;
    this.owned = owned;
    this.#retryMs = retrySeconds * 1000;
  }

  get isCluster(): boolean {
    return this.client instanceof Cluster;
  }

  /** The key says which server runs it. */
  run(script: Script, key: string, args: readonly Argument[]): Promise<Reply> {
    const wait = script.waits ? this.#wait : undefined;
    return this.#patiently(script.name, async () => {
      try {
        return await this.#send("evalsha", [script.sha, 1, key, ...args], wait);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
        return await this.#send("eval", [script.text, 1, key, ...args], wait);
      }
    });
  }

  command(name: string, args: readonly Argument[]): Promise<Reply> {
    return this.#patiently(name, () => this.#send(name, args));
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  #send(name: string, args: readonly Argument[], wait?: Wait): Promise<Reply> {
    if (wait !== undefined) return this.#sendAndWait(name, args, wait);
    const command = new Command(name, args as Argument[], { replyEncoding: null });
    return this.client.sendCommand(command) as Promise<Reply>;
  }

  /** WAIT counts what its own connection has written, so both go down the same one. */
  async #sendAndWait(
    name: string,
    args: readonly Argument[],
    { replicas, timeoutMs }: Wait,
  ): Promise<Reply> {
    const pipeline = this.client.pipeline();
    pipeline.callBuffer(name, ...args);
    pipeline.callBuffer("wait", replicas, timeoutMs);
    const [ran, waited] = ((await pipeline.exec()) ?? []) as [Error | null, Reply][];
    const error = ran?.[0] ?? waited?.[0];
    if (error) throw error;
    if (Number(waited?.[1]) < replicas)
      throw tooFewReplicas(Number(waited?.[1]), replicas, timeoutMs);
    return ran?.[1] as Reply;
  }

  async #patiently<T>(doing: string, send: () => Promise<T>): Promise<T> {
    const work = this.#retry(doing, send);
    this.#pending.add(work);
    try {
      return await work;
    } finally {
      this.#pending.delete(work);
    }
  }

  async #retry<T>(doing: string, send: () => Promise<T>): Promise<T> {
    const until = Date.now() + this.#retryMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await send();
      } catch (error) {
        if (!isRetryable(error) || Date.now() + pause > until) throw failure(doing, error);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

export const word = (reply: Reply | undefined): string =>
  reply === null || reply === undefined ? "" : String(reply);
