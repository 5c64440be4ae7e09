// Stands between a client and a server and cuts, holds or slows their connections at a moment the test names.
// INVARIANT: a request passes whole or not at all, so what the server has executed is known: what came before the chosen
// request, that one itself if it was cut "after", and nothing that came later on the same connection.
import { createServer, type Server as Listener, type Socket } from "node:net";
import { freePort, HOST } from "./ports.mjs";
import { type Plan, ProxyLink } from "./proxy-link.js";
import type { Request } from "./requests.js";

/** "before": it never reaches the server. "after": the server has executed it, its reply never comes back. */
export type When = "before" | "after";

/** Chooses the request, by its command or by a look at it. */
export type Choice = string | ((request: Request) => boolean);

interface Appointment extends Plan {
  readonly chosen: (request: Request) => boolean;
}

export class RedisProxy {
  readonly host = HOST;
  readonly port: number;
  readonly #listener: Listener;
  #target: number;
  readonly #links = new Set<ProxyLink>();
  readonly #appointments: Appointment[] = [];
  #refuses = false;
  #held = false;
  #slowness = 0;

  private constructor(listener: Listener, port: number, target: number) {
    this.#listener = listener;
    this.#target = target;
    this.port = port;
    listener.on("connection", (client) => this.#connect(client));
  }

  static async start(target: number): Promise<RedisProxy> {
    const listener = createServer();
    const port = await freePort();
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject).listen(port, HOST, resolve);
    });
    return new RedisProxy(listener, port, target);
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#links.size;
  }

  /** Cuts the connection of the next request that is chosen, which is but one. Resolves when it is cut. */
  cutAt(when: When, choice: Choice): Promise<void> {
    const chosen = typeof choice === "string" ? named(choice) : choice;
    const passes = when === "after";
    return new Promise((done) => this.#appointments.push({ chosen, passes, done }));
  }

  /** Cuts every connection there is, now. */
  cut(): void {
    for (const link of this.#links) link.cut();
  }

  /** Cuts every connection, and each that is tried from now on. */
  refuse(): void {
    this.#refuses = true;
    this.cut();
  }

  accept(): void {
    this.#refuses = false;
  }

  /** From now on connections go to another server, as after a failover. */
  aim(target: number): void {
    this.#target = target;
  }

  /** Connections stay, and nothing passes in either direction, until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const link of this.#links) link.flow();
  }

  /** Every reply comes so much later; 0 ends it. */
  slow(milliseconds: number): void {
    this.#slowness = milliseconds;
  }

  /** Cuts all connections. Nobody is answered any more. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    this.cut();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #connect(client: Socket): void {
    if (this.#refuses) {
      client.resetAndDestroy();
      return;
    }
    const link = new ProxyLink(client, this.#target, {
      isHeld: () => this.#held,
      slowness: () => this.#slowness,
      plan: (request) => this.#planFor(request),
      closed: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }

  #planFor(request: Request): Plan | undefined {
    const index = this.#appointments.findIndex(({ chosen }) => chosen(request));
    return index === -1 ? undefined : this.#appointments.splice(index, 1)[0];
  }
}

/** A proxy in front of a port of this machine, without TLS. */
export const startProxy = (target: number): Promise<RedisProxy> => RedisProxy.start(target);

const named =
  (name: string) =>
  (request: Request): boolean =>
    request.name === name.toUpperCase();
