// One engine for each store that is open in this process, however many backends stand on it. Two engines on one file
// would lock each other out for ever: opening waits for the write lock, with the main thread, while its holder waits for
// the main thread. Kept on the process, so that several copies of this package agree.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { OrderedKv } from "@nadb/core";
import { DATA_FILE } from "./data-file.js";

interface Shared {
  readonly kv: OrderedKv;
  users: number;
}

interface Registry {
  /** By the identity of the data file, so that a folder that was replaced is another store. */
  readonly engines: Map<string, Shared>;
  /** Opening and closing happen one after another. */
  turn: Promise<unknown>;
}

const REGISTRY = Symbol.for("nadb.backend-fs.engines");

function registryOfProcess(): Registry {
  const holder = globalThis as { [REGISTRY]?: Registry };
  holder[REGISTRY] ??= { engines: new Map(), turn: Promise.resolve() };
  return holder[REGISTRY];
}

/** @param open opens the engine on `folder`; called when this process has none there. */
export function openShared(folder: string, open: () => Promise<OrderedKv>): Promise<OrderedKv> {
  return inTurn(async ({ engines }) => {
    const found = await identityOf(folder);
    const there = found === undefined ? undefined : engines.get(found);
    if (there !== undefined) return handle(there, found as string);
    const shared = { kv: await open(), users: 0 };
    const identity = (await identityOf(folder)) ?? folder;
    engines.set(identity, shared);
    return handle(shared, identity);
  });
}

function handle(shared: Shared, identity: string): OrderedKv {
  const { kv } = shared;
  shared.users += 1;
  let closing: Promise<void> | undefined;
  return {
    read: (body) => kv.read(body),
    write: (body) => kv.write(body),
    snapshot: () => kv.snapshot(),
    close: () => {
      closing ??= inTurn(({ engines }) => release(engines, shared, identity));
      return closing;
    },
  };
}

async function release(
  engines: Map<string, Shared>,
  shared: Shared,
  identity: string,
): Promise<void> {
  shared.users -= 1;
  if (shared.users > 0) return;
  if (engines.get(identity) === shared) engines.delete(identity);
  await shared.kv.close();
}

function inTurn<T>(work: (registry: Registry) => Promise<T>): Promise<T> {
  const registry = registryOfProcess();
  const done = registry.turn.then(() => work(registry));
  registry.turn = done.catch(() => undefined); // its caller is told
  return done;
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(join(folder, DATA_FILE), { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // there is none yet, or it can not be looked at: opening will tell
  }
}
