// One command on its way to a server. It knows the connection it was written to, and whether it was lost on an earlier one,
// which may or may not have executed it. One that was given up while it waited for a connection is never executed: in its
// place goes a PING, which nobody waits for.
import type { Socket } from "node:net";
import { Command } from "ioredis";
import type { Argument, Reply } from "./wire.js";

const PING = "*1\r\n$4\r\nPING\r\n";

export class Request extends Command {
  /** The latest one it was written to. */
  connection: Socket | undefined;
  #wasLost = false;
  #isAbandoned = false;

  constructor(name: string, args: readonly Argument[]) {
    super(name, args as Argument[], { replyEncoding: null });
  }

  get reply(): Promise<Reply> {
    return this.promise as Promise<Reply>;
  }

  /** It was written to a connection that ended before the answer. */
  get wasLost(): boolean {
    return this.#wasLost || this.connection?.destroyed === true;
  }

  /** From now on it is not sent, nor sent again, and its promise is nobody's. */
  abandon(): void {
    this.#isAbandoned = true;
    this.promise.catch(() => undefined);
  }

  override toWritable(connection: Socket): string | Buffer {
    if (this.#isAbandoned) return PING;
    this.#wasLost = this.wasLost;
    this.connection = connection;
    return super.toWritable(connection);
  }
}
