// What every command works with: the global flags, where words go, and the signal that ends it early.
import { checkName, invalidArgument, KeyValueStore, quote, type StorageBackend } from "@nadb/core";
import type { Command } from "commander";
import { type OpenBackendOptions, openBackend } from "./open-backend.js";
import { Output } from "./output.js";

export interface Flags {
  readonly store: string;
  readonly db: string;
  readonly namespace: string;
  readonly repo: string;
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
  checkRepositoryPath(flags.repo);
  const output = new Output(terminal.stdout, terminal.stderr, flags);
  return { flags, terminal, output, signal };
}

export const openStore = (session: Session, options: OpenBackendOptions): Promise<KeyValueStore> =>
  openStoreOn(session, openBackend(session.flags.store, options));

export async function openStoreOn(
  { flags, output }: Session,
  backend: StorageBackend,
): Promise<KeyValueStore> {
  const { db, namespace, store } = flags;
  if (!backend.capabilities.durable) output.note(`${store} is gone when this command ends`);
  return KeyValueStore.open({ backend, db, namespace });
}

/** A URL is refused, so that it is not taken for a strangely named folder. One letter is a Windows drive. */
function checkRepositoryPath(repo: string): void {
  if (repo !== "" && !/^[a-z][a-z0-9+.-]+:/i.test(repo)) return;
  throw invalidArgument(`repository ${quote(repo)} is no folder`, "write --repo ./backups");
}
