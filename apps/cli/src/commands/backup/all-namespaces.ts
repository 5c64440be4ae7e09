// What --all-namespaces means at the command line: the whole store, or the one database that --db names. A database or
// namespace from nadb.config.json limits nothing here.
import type { LeftOut } from "@nadb/backup";
import { isNadbError, type NamespaceId, type StorageBackend } from "@nadb/core";
import { type Command, Option } from "commander";
import { usageError } from "../../failure.js";
import {
  backendOf,
  type Flags,
  type OpenOptions,
  type Session,
  warnOfLoss,
} from "../../session.js";

export const allNamespaces = (description: string): Option =>
  new Option("--all-namespaces", description);

/** The database that the command line names. Throws NADB_INVALID_ARGUMENT where it names a namespace. */
export function dbOf(command: Command): string | undefined {
  const isNamed = (option: keyof Flags) =>
    command.getOptionValueSourceWithGlobals(option) === "cli";
  if (isNamed("namespace")) throw usageError("--all-namespaces and --namespace do not go together");
  return isNamed("db") ? command.optsWithGlobals<Flags>().db : undefined;
}

export class OpenedBackend implements AsyncDisposable {
  constructor(readonly backend: StorageBackend) {}

  [Symbol.asyncDispose](): Promise<void> {
    return this.backend.close();
  }
}

export async function openBackend(session: Session, options: OpenOptions): Promise<OpenedBackend> {
  const backend = await backendOf(session, options);
  await backend.open();
  warnOfLoss(session, backend);
  return new OpenedBackend(backend);
}

/** The store if it is there; nothing is made. */
export async function presentBackend(session: Session): Promise<OpenedBackend | undefined> {
  try {
    return await openBackend(session, { create: false });
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_A_STORE")) return undefined;
    throw error;
  }
}

export const nameOf = ({ db, namespace }: NamespaceId): string => `${db}/${namespace}`;

const HOLDS: Record<LeftOut["holds"], string> = {
  repository: "a repository lies in it",
  copies: "it holds how far copies are",
  drill: "it is of a drill",
};

export const leftOutText = (one: LeftOut): string =>
  `${nameOf(one)} is left out: ${HOLDS[one.holds]}`;
