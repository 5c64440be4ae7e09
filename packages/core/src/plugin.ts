// How a backend is found by the URL of a store. A backend's package exports a BackendPlugin; the part of the
// URL before the first colon, its scheme, chooses among the plugins a program knows. Nothing is opened here.
import type { StorageBackend } from "./backend.js";
import { invalidArgument, type NadbError } from "./errors.js";
import { quote } from "./limits.js";
import { memoryBackend } from "./memory/memory-backend.js";

export interface OpenUrlOptions {
  /** Make the store when there is none. Default true; false: opening it throws NADB_NOT_A_STORE instead. */
  readonly create?: boolean;
  /** Now, in ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** The folder in which relative paths of the URL begin. Default: the current folder of the process. */
  readonly folder?: string;
}

export interface BackendPlugin {
  /** For messages; the name of the backends it makes is theirs. */
  readonly name: string;
  /** What its URLs begin with, without the colon: lower-case letters, digits, "+", "." and "-". */
  readonly schemes: readonly string[];
  /** Makes a backend and does not open it. Throws NADB_INVALID_ARGUMENT for a URL that names no store. */
  open(url: string, options: OpenUrlOptions): StorageBackend | Promise<StorageBackend>;
}

export const memoryPlugin: BackendPlugin = {
  name: "memory",
  schemes: ["memory"],
  open: openMemory,
};

const SCHEME = /^[a-z][a-z0-9+.-]*$/;

/** Throws NADB_INVALID_ARGUMENT for a value that is none; `what` names it in the message. */
export function checkPlugin(what: string, value: unknown): asserts value is BackendPlugin {
  const { name, schemes, open } = (value ?? {}) as Partial<Record<keyof BackendPlugin, unknown>>;
  const isPlugin = typeof name === "string" && name !== "" && typeof open === "function";
  if (isPlugin && Array.isArray(schemes) && schemes.length > 0 && schemes.every(isScheme)) return;
  throw invalidArgument(
    `${what} is no backend plugin`,
    "a plugin has a name, schemes such as ['acme'], and open(url, options)",
  );
}

/**
 * The plugin for this URL. Throws NADB_INVALID_ARGUMENT when none of them knows its scheme, when two claim one
 * scheme, and for a value that is no plugin.
 */
export function pluginFor(url: string, plugins: readonly BackendPlugin[]): BackendPlugin {
  const byScheme = new Map<string, BackendPlugin>();
  plugins.forEach((plugin, index) => {
    checkPlugin(`plugin ${index + 1} of the list`, plugin);
    for (const scheme of plugin.schemes) claim(byScheme, scheme, plugin);
  });
  const found = byScheme.get(url.slice(0, Math.max(0, url.indexOf(":"))));
  if (found === undefined) throw unknownScheme(url, [...byScheme.keys()]);
  return found;
}

/** Behind "?", what is no secret of any backend. */
const SHOWN_OPTION = /^(prefix|partitions|retrySeconds|scriptMutations)=/;

/**
 * The URL as it may be shown: without what stands between "//" and the last "@", be it a user, a password, or the tail of
 * one that was not escaped; and without options that are not known to hold no secret.
 */
export function withoutPassword(url: string): string {
  const shown = url.replace(/^([^:/]*:\/\/)(?!\/).*@/s, "$1***@");
  const mark = shown.indexOf("?");
  if (mark < 0 || !/^[a-z][a-z0-9+.-]+:/i.test(shown)) return shown; // a path may have a "?" in it
  const options = shown.slice(mark + 1).split("&");
  return `${shown.slice(0, mark)}?${options.map((one) => (SHOWN_OPTION.test(one) ? one : "***")).join("&")}`;
}

function claim(byScheme: Map<string, BackendPlugin>, scheme: string, plugin: BackendPlugin): void {
  const other = byScheme.get(scheme);
  if (other !== undefined && other !== plugin) {
    throw invalidArgument(
      `the plugins ${quote(other.name)} and ${quote(plugin.name)} both claim the scheme ${scheme}:`,
      "use one of them",
    );
  }
  byScheme.set(scheme, plugin);
}

const isScheme = (value: unknown): value is string =>
  typeof value === "string" && SCHEME.test(value);

function unknownScheme(url: string, schemes: readonly string[]): NadbError {
  const known = schemes.map((scheme) => `${scheme}:`).join(", ");
  return invalidArgument(
    `${quote(withoutPassword(url))} names no store that can be opened here; known are ${known}`,
    "for a folder write fs: before its path, as in fs:./data; for another scheme name its plugin",
  );
}

function openMemory(url: string, options: OpenUrlOptions): StorageBackend {
  if (url === "memory:") return memoryBackend(options);
  throw invalidArgument(`${quote(withoutPassword(url))} is no store`, "write memory: and no more");
}
