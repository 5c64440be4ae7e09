// A web server on this machine that remembers what it was asked: what a schedule calls.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach } from "vitest";

export interface Request {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

export class Listener {
  origin = "";
  requests: Request[] = [];
  /** What it answers. */
  status: (request: IncomingMessage) => number = () => 200;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { method, url, headers } = request;
      this.requests.push({ method, url, authorization: headers.authorization, body });
      response.writeHead(this.status(request)).end();
    });
  }

  async open(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get heartbeats(): Request[] {
    return this.requests.filter(({ method }) => method === "GET");
  }

  get posts(): Request[] {
    return this.requests.filter(({ method }) => method === "POST");
  }
}

/** A fresh one for each test. */
export function listening(): { readonly it: Listener } {
  const holder = { it: new Listener() };
  beforeEach(async () => {
    holder.it = new Listener();
    await holder.it.open();
  });
  afterEach(() => holder.it.close());
  return holder;
}
