// The connection: sends scripts by their hash and tells failures in our words. A script that is sent again after a lost
// connection answers as it did the first time, so the client may resend whatever it has had no answer to.
import { createHash } from "node:crypto";
import { Cluster, Command, type Redis } from "ioredis";
import { failure, isRetryable } from "./failures.js";

export type Client = Redis | Cluster;
export type Argument = string | Buffer | number;

/** A reply as Redis gives it; texts are bytes. */
export type Reply = Buffer | number | null | readonly Reply[];

export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

export const script = (name: string, text: string): Script => ({
  name,
  text,
  sha: createHash("sha1").update(text).digest("hex"),
});

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

export interface LinkOptions {
  readonly client: Client;
  /** Closed with the backend. */
  readonly owned: boolean;
  /** For how long a server that says "not now" is asked again. */
  readonly retrySeconds: number;
}

export class Link {
  readonly client: Client;
  readonly owned: boolean;
  readonly #retryMs: number;
  readonly #pending = new Set<Promise<unknown>>();

  constructor({ client, owned, retrySeconds }: LinkOptions) {
    this.client = client;
    this.owned = owned;
    this.#retryMs = retrySeconds * 1000;
  }

  get isCluster(): boolean {
    return this.client instanceof Cluster;
  }

  /** `keys` and `args` of a script; the first key says which server runs it. */
  run(script: Script, key: string, args: readonly Argument[]): Promise<Reply> {
    return this.#patiently(script.name, async () => {
      try {
        return await this.#send("evalsha", [script.sha, 1, key, ...args]);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
        return await this.#send("eval", [script.text, 1, key, ...args]);
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

  #send(name: string, args: readonly Argument[]): Promise<Reply> {
    const command = new Command(name, args as Argument[], { replyEncoding: null });
    return this.client.sendCommand(command) as Promise<Reply>;
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
