// Every engine there is, opened by name: those of this workspace and the example's, which is installed beside it as the
// package of somebody else. `npm test` names the place; where its driver can not be had there is none.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fsBackend } from "@nadb/backend-fs";
import { redisBackend } from "@nadb/backend-redis";
import { type EmbeddedOptions, memoryBackend, type StorageBackend } from "@nadb/core";
import { onTestFinished } from "vitest";
import {
  sharedCluster,
  sharedServer,
} from "../../../../packages/backend-redis/test/servers/index.js";
import { inFolder } from "../support/nadb.js";

const { path } = inFolder();
const server = sharedServer();
const cluster = sharedCluster();

type SqliteOptions = EmbeddedOptions & { readonly path: string };
interface SqliteExample {
  sqliteBackend(options: SqliteOptions): StorageBackend;
}

const example = process.env.NADB_SQLITE_EXAMPLE || undefined;

async function openSqlite(options: SqliteOptions): Promise<StorageBackend> {
  if (example === undefined) throw new Error("NADB_SQLITE_EXAMPLE names no place");
  const module: SqliteExample = await import(pathToFileURL(join(example, "dist/index.js")).href);
  return module.sqliteBackend(options);
}

type Open = (name: string, clock: () => number) => StorageBackend | Promise<StorageBackend>;

const ENGINES = {
  memory: (_name, clock) => memoryBackend({ clock }),
  fs: (name, clock) => fsBackend({ path: path(name), clock }),
  redis: (prefix, clock) => redisBackend({ url: server().url, prefix, clock }),
  "a cluster": (prefix, clock) => redisBackend({ url: cluster().url, prefix, clock }),
  "a cluster in 4 partitions": (prefix, clock) =>
    redisBackend({ url: cluster().url, prefix, partitions: 4, clock }),
  "the SQLite example": (name, clock) => openSqlite({ path: path(`${name}.db`), clock }),
} satisfies Record<string, Open>;
export type Engine = keyof typeof ENGINES;

export interface Pair {
  readonly from: Engine;
  readonly into: Engine;
}

export const ALL = Object.keys(ENGINES) as readonly Engine[];
/** Those in this process, and the others: their tests are of two files, which run at the same time. */
export const EMBEDDED: readonly Engine[] = ["memory", "fs", "the SQLite example"];
export const SERVERS = ALL.filter((engine) => !EMBEDDED.includes(engine));

export const pairsFrom = (engines: readonly Engine[]): Pair[] =>
  engines.flatMap((from) => ALL.map((into) => ({ from, into })));

export const isThere = ({ from, into }: Pair): boolean =>
  example !== undefined || ![from, into].includes("the SQLite example");

/** A store of that name on that engine; closed when the test is over. */
export async function opened(
  engine: Engine,
  name: string,
  clock: () => number,
): Promise<StorageBackend> {
  const open: Open = ENGINES[engine];
  const backend = await open(name, clock);
  await backend.open();
  onTestFinished(() => backend.close());
  return backend;
}
