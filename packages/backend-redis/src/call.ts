// One thing asked of a server, however often it has to be sent. Whoever waits for it waits no longer than it is told by
// `giveUp`; what was not sent by then never is.
import type { Socket } from "node:net";
import { Request } from "./request.js";
import type { Argument, Reply } from "./wire.js";

export interface Answered {
  readonly reply: Reply;
  readonly request: Request;
}

interface Seen {
  readonly connection?: Socket | undefined;
  readonly flowed?: number;
  readonly times: number;
}

export class Call {
  readonly startedAt = performance.now();
  readonly #givenUp: Promise<never>;
  #reject: (error: Error) => void = () => undefined;
  #request: Request | undefined;
  #error: Error | undefined;
  #seen: Seen | undefined;
  /** It was lost on a connection, and may have been executed there. */
  mayHaveHappened = false;

  constructor(
    readonly doing: string,
    /** Whoever gets no answer must know that it may have happened. */
    readonly commits = false,
  ) {
    this.#givenUp = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.#givenUp.catch(() => undefined); // told to those who wait
  }

  /** It waits for an answer and has no connection on which one could come. */
  get isStranded(): boolean {
    return this.#request !== undefined && this.#request.connection?.destroyed !== false;
  }

  /** Whether its answer may come on this connection, one day. */
  waitsFor(connection: Socket): boolean {
    return this.isStranded || this.#request?.connection === connection;
  }

  /**
   * The connection that its answer is to come on, once nothing has flowed there for so many looks in a row. Looks are counted
   * and not time: what came while this process stood still is read before the next one.
   */
  silent(looks: number): Socket | undefined {
    const connection = this.#request?.connection;
    const flowed = connection === undefined ? 0 : flowOf(connection);
    const { times, ...seen } = this.#seen ?? { times: 0 };
    const isStill = seen.connection === connection && seen.flowed === flowed;
    this.#seen = { connection, flowed, times: isStill ? times + 1 : 0 };
    return this.#seen.times >= looks ? connection : undefined;
  }

  /** Hands a request to `send` and waits for its answer. */
  async ask(
    name: string,
    args: readonly Argument[],
    send: (request: Request) => unknown,
  ): Promise<Answered> {
    if (this.#error !== undefined) throw this.#error;
    const request = new Request(name, args);
    this.#request = request;
    send(request);
    try {
      return { reply: await Promise.race([request.reply, this.#givenUp]), request };
    } catch (error) {
      if (request.wasLost) this.mayHaveHappened = true;
      throw error;
    } finally {
      this.#request = undefined;
    }
  }

  async pause(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    try {
      await Promise.race([over, this.#givenUp]);
    } finally {
      clearTimeout(timer);
    }
  }

  giveUp(error: Error): void {
    if (this.#request?.connection !== undefined) this.mayHaveHappened = true;
    this.#error = error;
    this.#request?.abandon();
    this.#reject(error);
  }
}

/** What is handed to the system in one go tells nothing of the other end; what waits to be does. */
const flowOf = ({ bytesRead, bytesWritten, writableLength }: Socket): number =>
  bytesRead + (writableLength === 0 ? 0 : bytesWritten - writableLength);
