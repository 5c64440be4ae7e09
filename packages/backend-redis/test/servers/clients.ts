// Connections of a test to its servers, by ioredis itself and not by the code under test.
// INVARIANT: all of them are closed before their server is stopped.
import { Redis, type RedisOptions } from "ioredis";
import { HOST } from "./ports.mjs";

interface Closable {
  disconnect(): void;
}

export type ClientOptions = RedisOptions & { replyMapping?: "legacy" };

/** A lost connection is tried again at once, and tells of nothing but by the commands that fail. */
export const QUIET = { retryStrategy: () => 20, disableClientInfo: true } satisfies ClientOptions;

export class Clients {
  readonly #all = new Set<Closable>();

  /** A connection to a port of ours. */
  connect(port: number, options: ClientOptions): Redis {
    const client = this.keep(new Redis({ host: HOST, port, ...QUIET, ...options }));
    client.on("error", () => {}); // told by the commands
    return client;
  }

  keep<T extends Closable>(client: T): T {
    this.#all.add(client);
    return client;
  }

  disconnect(): void {
    for (const client of this.#all) client.disconnect();
    this.#all.clear();
  }
}
