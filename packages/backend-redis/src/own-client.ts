// A client of our own: it looks for a lost server for ever, quietly, while the calls that wait for it are given their time by
// link.ts. A connection that is silent for long while somebody waits is cut, so that another is tried.
import type { Cluster, Redis } from "ioredis";
import { innermost, isHopeless } from "./failures.js";
import type { Client, Link } from "./link.js";

/** What a client has last said about a connection that did not come about. */
export class Complaints {
  last: unknown;

  constructor(client: Client) {
    client.on("error", (error: unknown) => {
      this.last = innermost(error);
    });
    for (const event of ["connect", "ready"]) {
      client.on(event, () => {
        this.last = undefined;
      });
    }
  }
}

/** REQUIRES: the client is not connected yet. */
export function superviseClient(client: Client, link: Link, silenceMs: number): void {
  client.on("error", (error: unknown) => {
    const reason = innermost(error) as Error;
    if (isSelection(reason)) client.disconnect(); // it would go on in database 0
    if (isHopeless(reason)) link.giveUp(reason);
  });
  const supervise = (one: Redis) => superviseConnection(one, link, silenceMs);
  if (client.isCluster) (client as Cluster).on("+node", supervise);
  else supervise(client as Redis);
}

function superviseConnection(client: Redis, link: Link, silenceMs: number): void {
  client.on("connect", () => {
    const { stream } = client;
    stream.setTimeout(silenceMs); // bytes in either direction begin it anew
    stream.on("timeout", () => {
      if (link.isAwaited(stream)) stream.destroy(new Error("Socket timeout: the server is silent"));
    });
  });
}

/** Whether it is the answer to the choice of a database. */
const isSelection = (error: unknown): boolean =>
  (error as { readonly command?: { readonly name?: string } }).command?.name === "select";
