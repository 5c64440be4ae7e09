// What every command works with: the global flags, where words go, and the signal that ends it early.
import { fsFolder } from "@nadb/backend-fs";
import {
  checkName,
  invalidArgument,
  KeyValueStore,
  quote,
  type StorageBackend,
  withoutPassword,
} from "@nadb/core";
import type { Command } from "commander";
import type { HealthConfig } from "./health-schema.js";
import { loadPlugin } from "./load-plugin.js";
import { makeBackend } from "./open-backend.js";
import { Output } from "./output.js";
import { repositoryUrl } from "./repository-url.js";
import type { RetentionConfig } from "./retention-schema.js";
import type { ScheduleConfig } from "./schedule-schema.js";

export interface Flags {
  readonly store: string;
  /** Where relative paths in `store` begin; absent: in the current folder. */
  readonly storeFolder?: string;
  readonly db: string;
  readonly namespace: string;
  readonly repo: string;
  /** Where relative paths in `repo` begin when it is a URL; absent: in the current folder. */
  readonly repoFolder?: string;
  /** Packages and paths of plugins. */
  readonly plugin: readonly string[];
  /** Where they are looked up; absent: from the current folder. */
  readonly pluginFolder?: string;
  /** The rules of `nadb backup prune` where it names none. */
  readonly retention?: RetentionConfig;
  /** The limits of `nadb backup health` where it names none. */
  readonly health?: HealthConfig;
  /** What `nadb schedule` runs, and where its hooks run. */
  readonly schedule?: ScheduleConfig;
  readonly scheduleFolder?: string;
  readonly json: boolean;
  readonly yes: boolean;
  readonly quiet: boolean;
}

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface Session {
  readonly flags: Flags;
  readonly terminal: Terminal;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Begins the session that an invoked command works in. */
export type Begin = (command: Command) => Session;

/** Throws NADB_INVALID_ARGUMENT for a database, namespace or repository that can not be. */
export function beginSession(flags: Flags, terminal: Terminal, signal: AbortSignal): Session {
  checkName("database name", flags.db);
  checkName("namespace", flags.namespace);
  repositoryUrl(flags.repo);
  const output = new Output(terminal.stdout, terminal.stderr, flags);
  return { flags, terminal, output, signal };
}

export interface OpenOptions {
  /** Make the store when there is none; commands that only read never do. */
  readonly create: boolean;
}

/** The backend of the store; nothing is opened or made yet. */
export async function backendOf(
  { flags }: Session,
  { create }: OpenOptions,
): Promise<StorageBackend> {
  const { store, storeFolder = ".", plugin, pluginFolder } = flags;
  const plugins = await Promise.all(plugin.map((name) => loadPlugin(name, pluginFolder)));
  return makeBackend(store, { create, plugins, folder: storeFolder });
}

export const openStore = async (session: Session, options: OpenOptions): Promise<KeyValueStore> =>
  openStoreOn(session, await backendOf(session, options));

export async function openStoreOn(
  session: Session,
  backend: StorageBackend,
): Promise<KeyValueStore> {
  const { db, namespace } = session.flags;
  warnOfLoss(session, backend);
  return KeyValueStore.open({ backend, db, namespace });
}

/** A store that lives in this process goes with it. */
export function warnOfLoss({ flags, output }: Session, { capabilities }: StorageBackend): void {
  if (capabilities.durable || capabilities.multiProcess) return;
  output.note(`${storeName(flags)} is gone when this command ends`);
}

/** The store's URL as people are told it, with the folder that it is relative to when a config file said so. */
export function storeName({ store, storeFolder }: Pick<Flags, "store" | "storeFolder">): string {
  const name = withoutPassword(store);
  return storeFolder === undefined ? name : `${name} (in ${storeFolder})`;
}

/** The folder that a store lives in; undefined for a store of which only its plugin knows. */
export const folderOfStore = ({
  store,
  storeFolder,
}: Pick<Flags, "store" | "storeFolder">): string | undefined =>
  store.startsWith("fs:") ? fsFolder(store, storeFolder) : undefined;

/** A URL is refused, so that it is not taken for a strangely named folder. */
export function checkRepositoryPath(repo: string): void {
  if (repo !== "" && repositoryUrl(repo) === undefined) return;
  throw invalidArgument(
    `repository ${quote(withoutPassword(repo))} is no folder`,
    "write --repo ./backups",
  );
}
