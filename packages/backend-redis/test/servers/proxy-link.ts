// One connection through the proxy: the client's socket, the server's, and what waits between them.
// INVARIANT: requests and replies keep their order, held or slowed; a cut link passes nothing any more.
import { connect, type Socket } from "node:net";
import { HOST } from "./ports.mjs";
import { type Request, RequestReader } from "./requests.js";

/** The end of a connection at a request: whether that request is still passed on, and who is told of the end. */
export interface Plan {
  readonly passes: boolean;
  readonly done: () => void;
}

export interface LinkRules {
  isHeld(): boolean;
  /** Milliseconds by which replies come later. */
  slowness(): number;
  /** What is to happen at this request, if anything; asked once for each. */
  plan(request: Request): Plan | undefined;
  closed(): void;
}

interface Reply {
  readonly bytes: Buffer;
  readonly due: number;
}

export class ProxyLink {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #rules: LinkRules;
  readonly #reader = new RequestReader();
  readonly #requests: Request[] = [];
  readonly #replies: Reply[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;
  #isCut = false;

  constructor(client: Socket, target: number, rules: LinkRules) {
    this.#client = client.setNoDelay(true);
    this.#server = connect(target, HOST).setNoDelay(true);
    this.#rules = rules;
    client.on("data", (chunk: Buffer) => this.#fromClient(chunk));
    this.#server.on("data", (chunk: Buffer) => this.#fromServer(chunk));
    for (const socket of [client, this.#server]) {
      socket.on("error", () => {}); // told by "close"
      socket.once("close", () => this.cut());
    }
  }

  /** The client sees the connection reset. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    clearTimeout(this.#timer);
    this.#client.resetAndDestroy();
    this.#server.destroy();
    this.#rules.closed();
  }

  /** Passes on what may pass now. */
  flow(): void {
    while (this.#mayPass(this.#requests)) this.#pass(this.#requests.shift());
    while (this.#mayPass(this.#replies) && this.#waits() <= 0) this.#answer(this.#replies.shift());
    clearTimeout(this.#timer);
    if (this.#mayPass(this.#replies)) this.#timer = setTimeout(() => this.flow(), this.#waits());
  }

  #fromClient(chunk: Buffer): void {
    this.#requests.push(...this.#reader.take(chunk));
    this.flow();
  }

  #fromServer(bytes: Buffer): void {
    this.#replies.push({ bytes, due: performance.now() + this.#rules.slowness() });
    this.flow();
  }

  #mayPass(queue: readonly unknown[]): boolean {
    return queue.length > 0 && !this.#isEnding && !this.#isCut && !this.#rules.isHeld();
  }

  /** Milliseconds until the next reply is due. */
  #waits(): number {
    return Math.ceil((this.#replies[0]?.due ?? 0) - performance.now());
  }

  #pass(request: Request | undefined): void {
    if (request === undefined) return;
    const plan = this.#rules.plan(request);
    if (plan?.passes ?? true) this.#server.write(request.bytes);
    if (plan !== undefined) this.#end(plan);
  }

  /** No more requests come: the server executes those it has, then closes its side, and the client is cut off. */
  #end({ done }: Plan): void {
    this.#isEnding = true;
    this.#server.once("close", done).end();
  }

  #answer(reply: Reply | undefined): void {
    if (reply !== undefined) this.#client.write(reply.bytes);
  }
}
