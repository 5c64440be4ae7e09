// From the URL of a store to its backend: the scheme chooses among the plugins that are built in and those that are
// given. Programs import this file as the command does; nothing of the command line may be reached from here.
import { fsPlugin } from "@nadb/backend-fs";
import {
  type BackendPlugin,
  CONTRACT,
  ioError,
  isNadbError,
  memoryPlugin,
  NadbError,
  type OpenUrlOptions,
  pluginFor,
  quote,
  type StorageBackend,
  withoutPassword,
} from "@nadb/core";
import { loadPlugin } from "./load-plugin.js";
import { lazyRedisPlugin } from "./redis-plugin.js";

export interface OpenBackendOptions extends OpenUrlOptions {
  /**
   * Beside fs, memory and redis: plugins, or names of packages and paths of files that export one as `plugin`. Names
   * are looked up from `folder`, relative paths begin there. What is named is code, and it runs.
   */
  readonly plugins?: readonly (BackendPlugin | string)[];
}

const BUILT_IN: readonly BackendPlugin[] = [fsPlugin, lazyRedisPlugin, memoryPlugin];

/**
 * Opens the backend of a store: `fs:./data`, `memory:`, `redis://host`, or a URL that one of the plugins knows. Throws
 * NADB_INVALID_ARGUMENT for a URL that names no store, NADB_NOT_FOUND, NADB_UNSUPPORTED or NADB_INVALID_ARGUMENT
 * for a plugin that can not be used, and what the backend's own `open` throws.
 */
export async function openBackend(
  url: string,
  options: OpenBackendOptions = {},
): Promise<StorageBackend> {
  const backend = await makeBackend(url, options);
  await backend.open();
  return backend;
}

/** As openBackend; nothing is opened or made yet. */
export async function makeBackend(
  url: string,
  { plugins = [], ...options }: OpenBackendOptions = {},
): Promise<StorageBackend> {
  const known = [...BUILT_IN];
  for (const plugin of plugins) {
    known.push(typeof plugin === "string" ? await loadPlugin(plugin, options.folder) : plugin);
  }
  const plugin = pluginFor(url, known);
  const backend = await callPlugin(plugin, url, options);
  if (backend?.contract === CONTRACT) return backend;
  throw new NadbError(
    "NADB_UNSUPPORTED",
    `the plugin ${quote(plugin.name)} speaks contract ${String(backend?.contract)}, this NADB speaks ${CONTRACT}`,
    { hint: "update the older of the two" },
  );
}

async function callPlugin(
  plugin: BackendPlugin,
  url: string,
  options: OpenUrlOptions,
): Promise<StorageBackend> {
  try {
    return await plugin.open(url, options);
  } catch (error) {
    if (isNadbError(error)) throw error;
    throw ioError(`the plugin ${quote(plugin.name)} on ${quote(withoutPassword(url))}`, error);
  }
}
