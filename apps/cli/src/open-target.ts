// The target that --repo names: a folder, or a namespace of a store. A store that is opened for it stays open until it is
// closed, or until the command is over.
import { type BackupTarget, backendTarget, directoryTarget } from "@nadb/backup";
import { invalidArgument, quote, type StorageBackend, withoutPassword } from "@nadb/core";
import { loadPlugin } from "./load-plugin.js";
import { makeBackend } from "./open-backend.js";
import {
  absoluteRepository,
  type RepositoryUrl,
  repositoryName,
  repositoryUrl,
} from "./repository-url.js";
import type { Flags } from "./session.js";

export interface OpenTargetOptions {
  /** Make the store when there is none; a folder is made with the first file. Default false. */
  readonly create?: boolean;
}

export interface OpenedTarget {
  readonly target: BackupTarget;
  readonly close: () => Promise<void>;
}

/** Those of this process that nobody else closes, by the place they are at. */
const openUntilTheEnd = new Map<string, Promise<OpenedTarget>>();

/** Open until the command is over. Throws NADB_INVALID_ARGUMENT, and what opening the store throws. */
export async function targetOf(
  flags: Flags,
  options: OpenTargetOptions = {},
): Promise<BackupTarget> {
  const place = absoluteRepository(flags);
  const opened = openUntilTheEnd.get(place) ?? openTarget(flags, options);
  openUntilTheEnd.set(place, opened);
  return (await opened).target;
}

export async function closeTargets(): Promise<void> {
  const all = [...openUntilTheEnd.values()];
  openUntilTheEnd.clear();
  for (const opened of await Promise.allSettled(all)) // what could not be opened was told
    if (opened.status === "fulfilled") await opened.value.close();
}

/** As targetOf, for who closes it. */
export async function openTarget(
  flags: Flags,
  { create = false }: OpenTargetOptions = {},
): Promise<OpenedTarget> {
  const url = repositoryUrl(flags.repo);
  if (url === undefined) {
    return { target: directoryTarget(flags.repo), close: async () => undefined };
  }
  checkApart(flags, url);
  const backend = await backendFor(flags, url, create);
  const { db, namespace } = url;
  const target = backendTarget(backend, { db, namespace, name: repositoryName(flags) });
  return { target, close: () => backend.close() };
}

async function backendFor(
  { repoFolder = ".", plugin, pluginFolder, repo }: Flags,
  { store }: RepositoryUrl,
  create: boolean,
): Promise<StorageBackend> {
  const plugins = await Promise.all(plugin.map((name) => loadPlugin(name, pluginFolder)));
  const backend = await makeBackend(store, { create, plugins, folder: repoFolder });
  const { durable, multiProcess } = backend.capabilities;
  if (!durable && !multiProcess) throw isGoneSoon(withoutPassword(repo));
  try {
    await backend.open();
    return backend;
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** Before anything is opened. That two URLs mean one namespace is found by the target (checkOutside). */
function checkApart(flags: Flags, { store, db, namespace }: RepositoryUrl): void {
  const isOther = store !== flags.store || db !== flags.db || namespace !== flags.namespace;
  if (isOther || flags.repoFolder !== flags.storeFolder) return;
  throw invalidArgument(
    `the repository ${quote(repositoryName(flags))} would lie in the namespace that is backed up`,
    "name another database or namespace behind #, or better another store",
  );
}

const isGoneSoon = (repo: string): Error =>
  invalidArgument(`${quote(repo)} is gone when this command ends`, "name a store that stays");
