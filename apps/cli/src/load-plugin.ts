// A plugin by its name: a package, found as an import in a file of the folder would find it, or the path of a file.
// Whatever goes wrong is an error that tells which plugin it was.
import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type BackendPlugin, checkPlugin, invalidArgument, NadbError, quote } from "@nadb/core";

/** The module's export `plugin`, or its default. Importing it runs its code. */
export async function loadPlugin(name: string, folder = "."): Promise<BackendPlugin> {
  const module = await importModule(name, await locate(name, resolve(folder)));
  const plugin = exportedPlugin(module) ?? exportedPlugin(module.default) ?? module.default;
  checkPlugin(`what the plugin ${quote(name)} exports`, plugin);
  return plugin;
}

/** The URL of the module. */
async function locate(name: string, folder: string): Promise<string> {
  if (isPath(name)) return locateFile(name, resolve(folder, name));
  if (name === "" || name.includes(":")) {
    throw invalidArgument(
      `the plugin ${quote(name)} is neither a package nor a path`,
      "write --plugin nadb-backend-acme or --plugin ./acme.js",
    );
  }
  return locatePackage(name, folder);
}

const isPath = (name: string): boolean => /^\.{1,2}([/\\]|$)/.test(name) || isAbsolute(name);

function locateFile(name: string, path: string): string {
  if (existsSync(path)) return pathToFileURL(path).href;
  throw new NadbError(
    "NADB_NOT_FOUND",
    `the plugin ${quote(name)} is not there: there is no file ${path}`,
  );
}

async function locatePackage(name: string, folder: string): Promise<string> {
  const { resolve } = await import("import-meta-resolve"); // only who names a package waits for it
  try {
    return resolve(name, pathToFileURL(join(folder, "nadb.config.json")).href);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") {
      throw invalidArgument(`the plugin ${quote(name)} can not be found: ${messageOf(error)}`);
    }
    throw new NadbError(
      "NADB_NOT_FOUND",
      `the plugin ${quote(name)} is not installed in ${folder} or above`,
      { hint: `npm install ${name}; for a file write its path, as in ./${name}`, cause: error },
    );
  }
}

async function importModule(name: string, url: string): Promise<Record<string, unknown>> {
  try {
    return await import(url);
  } catch (error) {
    throw new NadbError(
      "NADB_UNSUPPORTED",
      `the plugin ${quote(name)} can not be loaded: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** CommonJS arrives as the default export. */
function exportedPlugin(module: unknown): unknown {
  return typeof module === "object" && module !== null && "plugin" in module
    ? module.plugin
    : undefined;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
